import { describe, expect, it } from 'vitest'
import { nearest, POOL_OPTIONS, REPLICA_OPTIONS } from './known-options.ts'

describe('nearest', () => {
  it.each([
    ['windowMS', 'windowMs'],
    ['window', 'windowMs'],
    ['winodwMs', 'windowMs'],
    ['replica', 'replicas'],
    ['replcias', 'replicas'],
    ['passwrod', 'password'],
    ['hots', 'host'],
    ['probeInterval', 'probeIntervalMs'],
    ['connectionTimeoutMs', 'connectionTimeoutMillis'],
    ['idleTimeoutMs', 'idleTimeoutMillis'],
    ['applicationName', 'application_name'],
  ])('%s → %s', (mistyped, meant) => {
    expect(nearest(mistyped, POOL_OPTIONS)).toBe(meant)
  })

  it.each(['zzzzzzzz', 'readPreference', '', `replicas${'s'.repeat(100)}`])(
    '%j is like none of them',
    (name) => {
      expect(nearest(name, POOL_OPTIONS)).toBeUndefined()
    },
  )

  it('every legal name is nearest to itself', () => {
    for (const name of POOL_OPTIONS) expect(nearest(name, POOL_OPTIONS)).toBe(name)
  })
})

it('a replica takes what concerns one server, and a weight; the pool takes the rest', () => {
  expect(REPLICA_OPTIONS).toContain('weight')
  expect(POOL_OPTIONS).not.toContain('weight')
  for (const name of ['replicas', 'windowMs', 'probeIntervalMs', 'probeTimeoutMs', 'balancer', 'logger']) {
    expect(POOL_OPTIONS).toContain(name)
    expect(REPLICA_OPTIONS).not.toContain(name)
  }
})
