import { afterAll, beforeAll, expect, test } from 'vitest'
import QueryStream from 'pg-query-stream'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask } from '../support/servers.ts'

// Backends of replicas are ended again and again under everything that uses them.

let cluster: Cluster
const open = poolsForTests(() => cluster, { probeIntervalMs: 100, max: 6 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(200))
})
afterAll(() => cluster?.stop())

const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
  where backend_type = 'client backend' and pid <> pg_backend_pid()`

test('no error is left uncaught, and everything ends', async () => {
  const pool = await open()
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  let isOver = false
  const rounds = { transactions: 0, reads: 0, streams: 0 }
  const repeat = async (kind: keyof typeof rounds, what: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      await what().catch(() => {})
      rounds[kind] += 1
    }
  }
  const readOnly = async (): Promise<void> => {
    const client = await pool.connect()
    try {
      await client.query('begin read only')
      await client.query('select count(*) from items')
      await client.query('commit')
      client.release()
    } catch (error) {
      client.release(error as Error)
    }
  }
  const streamed = async (): Promise<void> => {
    const client = await pool.connect()
    try {
      for await (const _row of client.query(new QueryStream('select id from items', [], { batchSize: 20 })))
        void _row
    } finally {
      client.release()
    }
  }
  const users = [
    ...Array.from({ length: 4 }, () => repeat('transactions', readOnly)),
    ...Array.from({ length: 4 }, () =>
      repeat('reads', () => pool.query('select id from items where id = 7')),
    ),
    ...Array.from({ length: 3 }, () => repeat('streams', streamed)),
  ]
  try {
    for (let round = 0; round < 60; round++) {
      const node = cluster.replicas[round % 2] ?? cluster.primary
      await ask(node.config, TERMINATE)
    }
  } finally {
    isOver = true
    await Promise.all(users)
    process.removeListener('uncaughtException', note)
    process.removeListener('unhandledRejection', note)
  }
  expect(uncaught).toEqual([])
  expect(Math.min(...Object.values(rounds))).toBeGreaterThan(10)
  expect((await pool.query('select count(*)::int as n from items')).rows).toEqual([{ n: 200 }])
})
