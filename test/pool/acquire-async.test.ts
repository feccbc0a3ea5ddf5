import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask } from '../support/servers.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, 'create table writes (id int)')
})

afterAll(() => cluster.stop())

const open: (options?: PoolOptions) => Promise<Pool> = poolsForTests(() => cluster, {})

const SETTING = "set app.tenant = 'a'"
const LISTENERS: readonly [string, (client: PoolClient) => unknown][] = [
  ['returns the promise of its statement', (client) => client.query(SETTING)],
  ['awaits its statement', async (client) => void (await client.query(SETTING))],
  [
    'awaits two statements',
    async (client) => {
      await client.query(SETTING)
      await client.query('select 1')
    },
  ],
]

const WRITE = 'insert into writes values (1) returning id'
const READ = `select current_setting('app.tenant', true) as tenant from generate_series(1, 250)`

async function overClient<T>(pool: Pool, use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await use(client)
  } finally {
    client.release()
  }
}

/** Each way runs one statement, and gives its rows. */
const WAYS: readonly [string, (pool: Pool, text: string) => Promise<unknown[]>][] = [
  ['pool.query()', async (pool, text) => (await pool.query<object>(text)).rows],
  [
    'pool.query() with a callback',
    (pool, text) =>
      new Promise((resolve, reject) => {
        pool.query(text, (error: Error | undefined, result) => (error ? reject(error) : resolve(result.rows)))
      }),
  ],
  [
    'pool.query() of a stream',
    (pool, text) => {
      const stream = new QueryStream(text)
      void pool.query(stream)
      return rowsOf(stream)
    },
  ],
  [
    'client.query()',
    (pool, text) => overClient(pool, async (client) => (await client.query<object>(text)).rows),
  ],
  [
    'client.query() of a stream',
    (pool, text) => overClient(pool, (client) => rowsOf(client.query(new QueryStream(text)))),
  ],
  [
    'client.query() of a cursor',
    (pool, text) =>
      overClient(pool, async (client) => {
        const cursor = client.query(new Cursor(text))
        const rows = await cursor.read(1000)
        await cursor.close()
        return rows
      }),
  ],
  [
    'a transaction',
    (pool, text) => pool.transaction(async (client) => (await client.query<object>(text)).rows),
  ],
]

async function rowsOf(stream: QueryStream): Promise<unknown[]> {
  const rows: unknown[] = []
  for await (const row of stream as AsyncIterable<unknown>) rows.push(row)
  return rows
}

describe.each(LISTENERS)('an acquire listener that %s', (_name, listener) => {
  it.each(WAYS)('runs in front of %s, once', async (_way, run) => {
    const pool = await open({ max: 2 })
    await ask(cluster.primary.config, 'truncate writes')
    let calls = 0
    pool.on('acquire', (client) => {
      calls += 1
      return listener(client)
    })
    for (let i = 0; i < 5; i++) {
      expect(await run(pool, WRITE)).toEqual([{ id: 1 }])
      expect(new Set((await run(pool, READ)).map((row) => JSON.stringify(row)))).toEqual(
        new Set([JSON.stringify({ tenant: 'a' })]),
      )
    }
    expect(calls).toBe(10)
    expect((await pool.query('select count(*)::int from writes')).rows).toEqual([{ count: 5 }])
  })
})
