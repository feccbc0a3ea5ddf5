import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster
const open = poolsForTests(() => cluster, {})

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(9),
    'create function label_of(int) returns text language plpgsql volatile as $$ begin perform pg_notify($1::text, null); return null; end $$',
    'create unlogged table visits (id int)',
  )
})

afterAll(() => cluster.stop())

async function inTransaction(pool: Pool, sql: string): Promise<void> {
  const client = await pool.connect()
  await client.query('begin')
  await client.query(sql)
  await client.query('commit')
  client.release()
}

test('says which reads the primary runs, and what would let a replica run them', async () => {
  const pool = await open()
  const before = pool.stats().traffic?.selects ?? 0
  for (let id = 1; id <= 4; id += 1) await pool.query(`select label from items where id = ${id}`)
  for (let id = 1; id <= 3; id += 1) await pool.query(`select label_of(${id})`)
  for (let at = 0; at < 2; at += 1) await pool.query('select count(*) from visits')
  await inTransaction(pool, 'select label from items where id = 1')
  await pool.query('insert into items values (100)')

  const { traffic } = pool.stats()
  expect((traffic?.selects ?? 0) - before).toBe(10)
  expect(traffic?.onPrimary).toMatchObject([
    {
      reason: 'function-writes',
      count: 3,
      statements: [
        { sql: 'select label_of(?)', count: 3, advice: expect.stringContaining('label_of()') as string },
      ],
    },
    {
      reason: 'relation-unlogged',
      count: 2,
      statements: [{ advice: expect.stringContaining('visits') as string }],
    },
    { reason: 'in-transaction', count: 1 },
  ])
  expect(traffic?.offload).toBeCloseTo(1 - 6 / (traffic?.selects ?? 0))

  const [primary, replica] = pool.stats().nodes
  expect(traffic?.latencies[primary?.id ?? '']?.count).toBe(9)
  expect(traffic?.latencies[replica?.id ?? '']?.count).toBeGreaterThanOrEqual(4)
})

test('counts the waits of reads for their own writes, and the reads that the primary runs meanwhile', async () => {
  const pool = await open({ catchUpTimeoutMs: 20 })
  await cluster.replicas[0]?.pauseReplay()
  try {
    await pool.query('update items set label = label where id = 1')
    await pool.query('select label from items where id = 1')
  } finally {
    await cluster.replicas[0]?.resumeReplay()
  }
  const { onPrimary = [], spills = {} } = pool.stats().traffic ?? {}
  const [reason] = Object.keys(spills)
  expect(['sooner', 'fallback']).toContain(reason)
  expect(onPrimary).toMatchObject([{ reason, count: 1 }])
})
