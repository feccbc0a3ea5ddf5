import { AsyncLocalStorage } from 'node:async_hooks'
import { Client, type Pool as PgPool } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'

const BY_ID = 'select id, label from items where id = $1'

/** Calls from `pool.query` to node-postgres' own, both included. */
const MOST_CALLS = 12

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(50))
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { consistency: 'eventual' })

/** The calls that lead to a query of node-postgres, the innermost first. */
async function callsOf(pool: Pick<PgPool, 'query'>): Promise<readonly string[]> {
  const stacks: string[] = []
  const { query } = Client.prototype
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  Client.prototype.query = function (this: Client, ...args: unknown[]) {
    stacks.push(new Error('here').stack ?? '')
    return Reflect.apply(query, this, args) as never
  }
  try {
    await pool.query(BY_ID, [1])
  } finally {
    Client.prototype.query = query
    Error.stackTraceLimit = stackTraceLimit
  }
  const lines = (stacks.find((stack) => stack.includes('pool')) ?? '').split('\n').slice(1)
  const outermost = lines.findIndex((line) => /Pool\.query/.test(line))
  return lines.slice(0, outermost + 1)
}

const isOfLane = (line: string): boolean => line.includes('nodes/lane.ts')

test('a read on a lane takes few calls from the pool to node-postgres', async () => {
  const pool = await open()
  await until('a lane carries it', async () => {
    for (let i = 0; i < 5; i++) await pool.query(BY_ID, [1])
    return (await callsOf(pool)).some(isOfLane)
  })
  const calls = await callsOf(pool)
  expect(calls.some(isOfLane)).toBe(true)
  // Shows those that are too many, the outermost.
  expect(calls.slice(MOST_CALLS)).toEqual([])
})

test('a pool without sessions makes Node.js follow no asynchronous operation', async () => {
  // On Node.js 20 the first store costs each statement of the process a tenth more.
  const run = vi.spyOn(AsyncLocalStorage.prototype, 'run')
  try {
    const pool = await open()
    await Promise.all(Array.from({ length: 20 }, () => pool.query(BY_ID, [1])))
    await pool.query('update items set label = label where id = 1')
    await pool.transaction((client) => client.query(BY_ID, [1]))
    expect(run).not.toHaveBeenCalled()
  } finally {
    run.mockRestore()
  }
})
