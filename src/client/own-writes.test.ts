import { afterEach, expect, test } from 'vitest'
import { simulatedPool, type SimulatedPool } from '../../test/support/simulated-pool.ts'

const pools: SimulatedPool[] = []
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())))

test.each([
  ['one that has shown nothing', 'read committed', [], 'p'],
  ['one without a snapshot', 'repeatable read', [], 'p'],
  ['not one in a snapshot', 'repeatable read', ['select 1'], 'a'],
])(
  'a transaction on a replica shows what its session writes meanwhile: %s',
  async (_what, level, before, host) => {
    const pool = simulatedPool({ transactions: 'optimistic' })
    pools.push(pool)
    await pool.resolved(pool.router.readiness.ready())
    const client = await pool.connect()
    for (const sql of [`begin isolation level ${level}`, ...before]) await pool.resolved(client.query(sql))
    expect(pool.network.received.at(-1)?.host).toBe('a')
    await pool.platform.advance(10)
    await pool.query("insert into users values ('a')")
    await pool.resolved(client.query('select * from users'))
    const read = pool.network.received.findLast(({ sql }) => sql === 'select * from users')
    expect(read?.host).toBe(host)
    await pool.resolved(client.query('rollback'))
    client.release()
  },
)
