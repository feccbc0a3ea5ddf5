import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rowsInSpiteOfLimits, rowsWithoutLimits } from '../../src/monitoring/without-limits.ts'
import type { PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(10))
})

afterAll(() => cluster?.stop())

const ROLE_LIMITS = [
  'statement_timeout = 1',
  'lock_timeout = 1',
  'transaction_timeout = 10',
  'idle_session_timeout = 300',
]

/** Limits that nothing of the library's own keeps within: the loading of the catalog takes longer, and now and then a probe. */
const CASES: readonly (readonly [what: string, options: PoolOptions, ofRole: boolean])[] = [
  ['of the pool', { statement_timeout: 1, lock_timeout: 1, query_timeout: 1 }, false],
  ['of the pool, as options', { options: '-c statement_timeout=10' }, false],
  ['of transactions', { options: '-c transaction_timeout=10' }, false],
  ['of the role', {}, true],
]

it.each(CASES)('limits %s do not cut what the library asks for itself', async (_, options, ofRole) => {
  const role = cluster.primary.config.user
  if (ofRole) {
    for (const name of ROLE_LIMITS) await ask(cluster.primary.config, `alter role ${role} set ${name}`)
    await cluster.caughtUp()
  }
  const pool = poolOver(cluster, { ...options, consistency: 'eventual' })
  const down: string[] = []
  let hasFailed = false
  pool.events.on('nodeChanged', ({ node, to }) => {
    if (to === 'down') down.push(node)
  })
  pool.events.on('catalogFailed', () => (hasFailed = true))
  try {
    await until('the catalog is loaded', async () => {
      await pool.query('select 1 from items').catch(() => {})
      return pool.stats().catalog === 'loaded'
    })
    const seen = new Set<string>()
    await until('the replica has been seen many times', () => {
      for (const { lagMs, state } of pool.stats().nodes) seen.add(`${state} ${lagMs}`)
      return pool.stats().nodes.every(({ state }) => state === 'primary' || state === 'replica')
    })
    expect(hasFailed).toBe(false)
    expect(down).toEqual([])
  } finally {
    await pool.end()
    const admin = {
      ...cluster.primary.config,
      options: '-c statement_timeout=0 -c lock_timeout=0 -c transaction_timeout=0',
    }
    if (ofRole) await ask(admin, `alter role ${role} reset all`)
  }
})

it('a question that a limit has cut is asked again without, and the limit stays', async () => {
  const client = new Client({ ...cluster.primary.config, statement_timeout: 20 })
  await client.connect()
  try {
    const slow = "select 'x' from pg_sleep(0.1)"
    await expect(client.query(slow)).rejects.toMatchObject({ code: '57014' })
    expect(await rowsInSpiteOfLimits({}, client, slow)).toEqual([['x']])
    expect(await rowsWithoutLimits(client, slow)).toEqual([{ '?column?': 'x' }])
    expect((await client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '20ms' }])
    await expect(rowsInSpiteOfLimits({}, client, 'select 1 / 0')).rejects.toMatchObject({ code: '22012' })
  } finally {
    await client.end()
  }
})
