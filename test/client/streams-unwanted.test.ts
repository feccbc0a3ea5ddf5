import { once } from 'node:events'
import type { Pool as PgPool, PoolClient, Submittable } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(5000), 'create sequence counter')
})

afterAll(() => cluster.stop())

const open: (options?: PoolOptions) => Promise<Pool> = poolsForTests(() => cluster, { max: 2 })

const TEXTS: readonly [string, string][] = [
  ['read', 'select * from items'],
  ['write', `select *, nextval('counter') from items`],
]

function streamOf(text: string): QueryStream {
  const stream = new QueryStream(text)
  stream.on('error', () => {})
  return stream
}

async function destroyed(stream: QueryStream): Promise<void> {
  const closed = once(stream, 'close')
  stream.destroy()
  await closed
}

/** The types of node-postgres leave out the promise. */
function answerOf(pool: PgPool, query: Submittable): Promise<unknown> {
  return pool.query(query) as unknown as Promise<unknown>
}

/** Every connection is free again. */
async function expectFree(pool: PgPool): Promise<void> {
  const routes = ['replica', 'primary'] as const
  await Promise.all(
    [...routes, ...routes, ...routes, ...routes].map((route) =>
      pool.query({ text: 'select count(*) from items', route } as { text: string }),
    ),
  )
}

describe.each(TEXTS)('a stream over a %s that was destroyed before its call', (_name, text) => {
  it.each<[string, (pool: Pool, stream: Submittable) => unknown]>([
    ['pool.query()', (pool, stream) => answerOf(pool, stream)],
    ['pool.primary.query()', (pool, stream) => answerOf(pool.primary, stream)],
    ['client.query()', (pool, stream) => overClient(pool, (client) => client.query(stream))],
    [
      'client.query() in a transaction',
      (pool, stream) =>
        overClient(pool, async (client) => {
          await client.query('begin read only')
          client.query(stream)
          await client.query('rollback')
        }),
    ],
  ])('keeps no connection after %s', async (_way, query) => {
    const pool = await open()
    for (let i = 0; i < 5; i++) {
      const stream = streamOf(text)
      await destroyed(stream)
      await query(pool, stream)
    }
    await expectFree(pool)
  })
})

async function overClient(pool: Pool, use: (client: PoolClient) => unknown): Promise<void> {
  const client = await pool.connect()
  try {
    await use(client)
  } finally {
    client.release()
  }
}

/** Pools whose `query()` asks their `connect()` for a client. */
const POOLS: readonly [string, () => Promise<PgPool>][] = [
  ['the primary', async () => (await open()).primary],
  [
    'an overridden connect()',
    async () => {
      const pool = await open()
      overrideConnect(pool)
      return pool
    },
  ],
  [
    'a tier of an overridden connect()',
    async () => {
      const pool = await open({ tiers: { reports: {} } })
      overrideConnect(pool)
      return pool.tier('reports')
    },
  ],
]

function overrideConnect(pool: Pool): void {
  const own = Reflect.get(pool, 'connect') as (...args: readonly unknown[]) => unknown
  Object.assign(pool, { connect: (...args: readonly unknown[]) => Reflect.apply(own, pool, args) })
}

/** Each begins to read, or does not, and stops before the end. */
const ENDINGS: readonly [string, (pool: PgPool, text: string) => Promise<void>][] = [
  [
    'a stream that is destroyed at once',
    async (pool, text) => {
      const stream = streamOf(text)
      void pool.query(stream)
      await destroyed(stream)
    },
  ],
  [
    'a stream that is destroyed at its first row',
    async (pool, text) => {
      const stream = streamOf(text)
      void pool.query(stream)
      await once(stream, 'data')
      await destroyed(stream)
    },
  ],
  [
    'a cursor that is closed at once',
    async (pool, text) => {
      const cursor = new Cursor(text)
      void pool.query(cursor)
      await cursor.close()
    },
  ],
  [
    'a cursor that is closed behind some rows',
    async (pool, text) => {
      const cursor = new Cursor(text)
      void pool.query(cursor)
      expect(await cursor.read(3)).toHaveLength(3)
      await cursor.close()
    },
  ],
  [
    'a stream that is read to its end',
    async (pool, text) => {
      const stream = streamOf(text)
      const answered = answerOf(pool, stream)
      let count = 0
      for await (const _row of stream) count += 1
      expect(count).toBe(5000)
      await answered
    },
  ],
  [
    'a stream whose text is wrong',
    async (pool, text) => {
      const stream = new QueryStream(`${text} nonsense 1`)
      const answered = answerOf(pool, stream)
      await Promise.all([
        expect(answered).rejects.toMatchObject({ code: '42601' }),
        expect(stream.toArray()).rejects.toMatchObject({ code: '42601' }),
      ])
    },
  ],
  [
    'a copy that is destroyed at its first piece',
    async (pool, text) => {
      const copy = copyTo(`copy (${text}) to stdout`)
      copy.on('error', () => {})
      answerOf(pool, copy).catch(() => {})
      await once(copy, 'data')
      const closed = once(copy, 'close')
      copy.destroy()
      await closed
    },
  ],
]

describe.each(POOLS)('pool.query() over %s', (_name, openPool) => {
  describe.each(TEXTS)('a %s', (_kind, text) => {
    it.each(ENDINGS)('gets its connection back from %s', async (_ending, run) => {
      const pool = await openPool()
      for (let i = 0; i < 5; i++) await run(pool, text)
      await expectFree(pool)
    })
  })
})
