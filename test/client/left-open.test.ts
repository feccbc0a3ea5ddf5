import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Pool as PgPool, PoolClient } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(50_000), 'create table copies (id int)')
})

afterAll(() => cluster.stop())

async function withPool(options: PoolOptions, use: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = poolOver(cluster, { max: 1, connectionTimeoutMillis: 10_000, ...options })
  await replicasReady(pool)
  try {
    await use(pool)
  } finally {
    await pool.end()
  }
}

const READ = 'select * from items order by id'
const WRITE = 'update items set label = label returning *'

/** Leaves something open over a client. Returns a function that uses it again. */
type Leave = (client: PoolClient) => Promise<() => Promise<unknown>>

function leavesCursor(text: string): Leave {
  return async (client) => {
    const cursor = client.query(new Cursor(text))
    expect(await cursor.read(3)).toHaveLength(3)
    return () => cursor.read(3)
  }
}

const LEFT_OPEN: readonly (readonly [string, Leave])[] = [
  ['a cursor over a read', leavesCursor(READ)],
  ['a cursor over a write', leavesCursor(WRITE)],
  [
    'a cursor that was never read',
    async (client) => {
      const cursor = client.query(new Cursor(READ))
      return () => cursor.read(3)
    },
  ],
  [
    'a cursor in a transaction',
    async (client) => {
      await client.query('begin')
      return leavesCursor(WRITE)(client)
    },
  ],
  [
    'a cursor in a transaction on a replica',
    async (client) => {
      await client.query('begin read only')
      return leavesCursor(READ)(client)
    },
  ],
  [
    'a stream that stands still',
    async (client) => {
      const stream = client.query(new QueryStream(READ))
      await once(stream, 'readable')
      return async () => {
        await stream.toArray()
      }
    },
  ],
  [
    'a COPY that waits for data',
    async (client) => {
      const copy = client.query(copyFrom('copy copies from stdin'))
      copy.write('1\n')
      const failed = once(copy, 'error').then(([error]) => error as Error)
      return async () => {
        throw await failed
      }
    },
  ],
  [
    'a COPY whose rows are not read',
    async (client) => {
      const copy = client.query(copyTo('copy items to stdout'))
      const failed = once(copy, 'error').then(([error]) => error as Error)
      await once(copy, 'readable')
      return async () => {
        throw await failed
      }
    },
  ],
]

async function expectGivenBack(viewOf: (pool: Pool) => PgPool, leave: Leave): Promise<void> {
  await withPool({ idleTimeoutMillis: 250, max: 2 }, async (pool) => {
    const client = await viewOf(pool).connect()
    const touch = await leave(client)
    client.release()
    await until('the connection is closed', () => Promise.resolve(pool.totalCount === pool.idleCount))
    await expect(touch()).rejects.toThrow(/terminated/)
    for (const route of ['primary', 'replica'] as const)
      await pool.query({ text: 'select 1', route } as { text: string })
    const clients = await Promise.all([1, 2].map(() => pool.connect()))
    for (const each of clients) each.release()
    expect(new Set(clients).size).toBe(2)
  })
}

it.each(LEFT_OPEN)('%s gives its connection back when it is left open', async (_what, leave) => {
  await expectGivenBack((pool) => pool, leave)
})

it('so does a client of the primary', async () => {
  await expectGivenBack((pool) => pool.primary, leavesCursor(READ))
})

it('the end of a pool closes what is left open', async () => {
  const startedAt = performance.now()
  await withPool({ idleTimeoutMillis: 0 }, async (pool) => {
    const client = await pool.connect()
    await leavesCursor(READ)(client)
    client.release()
  })
  expect(performance.now() - startedAt).toBeLessThan(5000)
})

it('a cursor that is read on keeps its connection', async () => {
  await withPool({ idleTimeoutMillis: 500 }, async (pool) => {
    const client = await pool.connect()
    const cursor = client.query(new Cursor(READ))
    client.release()
    for (let i = 0; i < 8; i++) {
      expect(await cursor.read(10)).toHaveLength(10)
      await setTimeout(200)
    }
    await cursor.close()
  })
})

it('a stream of pool.query() may stand still for longer', async () => {
  await withPool({ idleTimeoutMillis: 500 }, async (pool) => {
    const stream = new QueryStream(READ)
    void pool.query(stream)
    await once(stream, 'readable')
    await setTimeout(1500)
    expect(await stream.toArray()).toHaveLength(50_000)
  })
})
