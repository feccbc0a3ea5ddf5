import { describe, expect, it } from 'vitest'
import { resolveOptions } from './resolved-options.ts'

const SECRET = 'a secret of at least thirty-two bytes'

describe('tokens', () => {
  it('are not signed, and good for five minutes, unless told otherwise', () => {
    expect(resolveOptions({}).tokens).toEqual({ secret: undefined, ttlMs: 300_000 })
  })

  it.each([SECRET, [SECRET, `${SECRET}, an older one`]])('may be signed', (secret) => {
    expect(resolveOptions({ tokens: { secret, ttlMs: 1000 } }).tokens.ttlMs).toBe(1000)
    expect(resolveOptions({ tokens: { secret } }).tokens.secret).toBeDefined()
  })

  it.each<[string, unknown, RegExp]>([
    ['no object', 'x', /tokens/],
    ['an unknown name', { secrets: SECRET }, /secrets/],
    ['an empty secret', { secret: '' }, /tokens\.secret/],
    ['no secret at all', { secret: [] }, /tokens\.secret/],
    ['a time that is too short', { ttlMs: 999 }, /tokens\.ttlMs.*999/],
    ['a time that is none', { ttlMs: 'x' }, /tokens\.ttlMs/],
    ['a time that no timer counts', { ttlMs: 2 ** 31 }, /tokens\.ttlMs/],
  ])('%s is refused', (_name, tokens, message) => {
    expect(() => resolveOptions({ tokens: tokens as object })).toThrow(message)
  })

  it('the secret is in no message', () => {
    const secret = 'hush, hush'
    const refused = (): unknown => resolveOptions({ tokens: { secret: [secret, 5] as never } })
    expect(refused).toThrow(/tokens\.secret/)
    expect(refused).not.toThrow(secret)
  })
})

describe('consistency', () => {
  it('is causal, waits for a tenth of a second, and is bounded by two seconds', () => {
    const { consistency, catchUpTimeoutMs, maxStalenessMs, withoutPrimaryAtStart } = resolveOptions({})
    expect({ consistency, catchUpTimeoutMs, maxStalenessMs, withoutPrimaryAtStart }).toEqual({
      consistency: 'causal',
      catchUpTimeoutMs: 100,
      maxStalenessMs: 2000,
      withoutPrimaryAtStart: 'fail',
    })
  })

  it.each<[string, object]>([
    ['consistency', { consistency: 'eventually' }],
    ['catchUpTimeoutMs', { catchUpTimeoutMs: -1 }],
    ['catchUpTimeoutMs', { catchUpTimeoutMs: 2 ** 31 }],
    ['maxStalenessMs', { maxStalenessMs: 0 }],
    ['withoutPrimaryAtStart', { withoutPrimaryAtStart: 'hope' }],
  ])('%s must make sense: %j', (name, options) => {
    expect(() => resolveOptions(options)).toThrow(name)
  })

  it('may wait for nothing', () => {
    expect(resolveOptions({ catchUpTimeoutMs: 0 }).catchUpTimeoutMs).toBe(0)
  })
})
