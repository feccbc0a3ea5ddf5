import type { PoolClient } from 'pg'
import { expect, test } from 'vitest'
import type { SoakGround } from './ground.ts'
import { runSoak, type SoakOptions } from './run.ts'

// `npm run proof:soak` does the same for an hour, and judges whether memory grows.

const SHORT: SoakOptions = { seconds: 10, callers: 8, cycleMs: 1_000, seed: 'short' }

test('a mixed load with faults leaves nothing behind', { timeout: 120_000 }, async () => {
  const { calls, errors, faults, samples, uncaughtTexts } = await runSoak(SHORT)
  expect({ faults, errors: errors.unexpected, uncaughtTexts }).toEqual({
    faults: [],
    errors: {},
    uncaughtTexts: [],
  })
  expect(calls).toBeGreaterThan(30)
  expect(samples.length).toBeGreaterThan(1)
})

test('a client that is not released is noticed', { timeout: 120_000 }, async () => {
  const clients: PoolClient[] = []
  const harm = async ({ pool }: SoakGround): Promise<void> => {
    const client = await pool.connect()
    client.on('error', () => {})
    await client.query('begin')
    await client.query('lock table items in access share mode')
    clients.push(client)
  }
  const { faults } = await runSoak({ ...SHORT, seconds: 1, cycleMs: 500, harm })
  expect(faults).toContain('a connection was left in a transaction')
  expect(faults).toContain('a lock was left')
  expect(faults).toContain('1 calls did not end')
})
