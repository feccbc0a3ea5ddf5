import { once } from 'node:events'
import type { PoolClient, Submittable } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// Streams and cursors that are given up by their reader, and those whose server is lost: each ends, once, and gives its connection back.

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1, settings: { max_standby_streaming_delay: '50ms' } },
    itemsTable(500),
    'create table sink (id int); create table churn as select g as id from generate_series(1, 500) g',
  )
})

beforeEach(async () => {
  pool = poolOver(cluster, { probeIntervalMs: 100, max: 4 })
  await replicasReady(pool)
})

afterEach(() => within(pool.end(), 'the pool ends'))

afterAll(() => cluster?.stop())

const READ = 'select id from items order by id'
const WRITE = 'insert into sink select id from items returning id'
const inUse = (): number => pool.totalCount - pool.idleCount

/** Fails when it does not come to an end by itself. */
async function within<T>(promise: Promise<T>, what: string, ms = 8_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain until ${what}`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** The events by which a stream ends, once it has told `close`. */
function endOf(stream: NodeJS.ReadableStream): { readonly events: string[]; readonly closed: Promise<void> } {
  const events: string[] = []
  for (const name of ['end', 'error', 'close']) stream.on(name, () => events.push(name))
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  return { events, closed }
}

/** The stream has begun, and stands still. */
async function firstRow(stream: QueryStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.once('data', () => {
      stream.pause()
      resolve()
    })
  })
}

/** Ends the backends of this test's pool that run this text. */
async function terminate(node: { readonly config: object }, text: string): Promise<void> {
  await until('the backend is ended', async () => {
    const killed = await ask(
      node.config,
      'select pg_terminate_backend(pid) from pg_stat_activity where query like $1 and pid <> pg_backend_pid()',
      [`%${text}%`],
    )
    return killed.length > 0
  })
}

type Give = (text: string, how: (stream: QueryStream) => unknown) => Promise<void>

const overClient: Give = async (text, how) => {
  const client = await pool.connect()
  const stream = client.query(new QueryStream(text))
  await how(stream)
  client.release()
}
const overPool: Give = async (text, how) => {
  const stream = new QueryStream(text)
  void Promise.resolve(pool.query(stream as unknown as Submittable as never)).catch(() => {})
  await how(stream)
}
const inReadOnly: Give = async (text, how) => {
  const client = await pool.connect()
  await client.query('begin read only')
  await how(client.query(new QueryStream(text)))
  await client.query('commit')
  client.release()
}
const inTransaction: Give = async (text, how) => {
  const client = await pool.connect()
  await client.query('begin')
  await how(client.query(new QueryStream(text)))
  await client.query('rollback')
  client.release()
}

const closed = (stream: QueryStream): Promise<unknown> => once(stream, 'close')

describe('given up twelve times before the first row, the pool is as before', () => {
  it.each<[string, Give, string]>([
    ['a read of a client', overClient, READ],
    ['a write of a client', overClient, WRITE],
    ['a read of the pool', overPool, READ],
    ['a write of the pool', overPool, WRITE],
    ['a read in BEGIN READ ONLY', inReadOnly, READ],
    ['a read in a transaction', inTransaction, READ],
  ])('%s', async (_name, give, text) => {
    const ways: ((stream: QueryStream) => unknown)[] = [
      (stream) => closed(stream.destroy()),
      (stream) => closed(stream.destroy().destroy()),
      async (stream) => {
        stream.read(0)
        await closed(stream.destroy())
      },
      async (stream) => {
        await new Promise((resolve) => setImmediate(resolve))
        await closed(stream.destroy())
      },
    ]
    for (let i = 0; i < 12; i++)
      await within(
        give(text, (stream) => ways[i % 4]?.(stream)),
        `round ${i}`,
      )
    const answers = await within(
      Promise.all(Array.from({ length: 8 }, () => pool.query('select count(*)::int as n from items'))),
      'the pool answers',
    )
    expect(answers.every(({ rows }) => rows[0]?.n === 500)).toBe(true)
    await until('everything is given back', () => pool.waitingCount === 0)
  })

  it('cursors, closed once or twice, at once or behind other statements', async () => {
    for (let i = 0; i < 12; i++) {
      const client = await pool.connect()
      const text = i % 2 === 0 ? READ : WRITE
      if (i % 3 === 0) void client.query('select pg_sleep(0.05)')
      const cursor = client.query(new Cursor(text))
      await within(cursor.close(), 'the cursor is closed')
      if (i % 4 === 0) await within(cursor.close(), 'it is closed again')
      client.release()
    }
    expect((await within(pool.query('select 1 as one'), 'the pool answers')).rows).toEqual([{ one: 1 }])
    await until('everything is given back', () => inUse() <= 1)
  })

  it('while all connections are in use', async () => {
    const holders = await Promise.all(Array.from({ length: 4 }, () => pool.connect()))
    await Promise.all(holders.map((client) => client.query('begin')))
    const reader = await pool.connect()
    const stream = reader.query(new QueryStream(WRITE))
    await within(closed(stream.destroy()), 'it is destroyed while it waits')
    await Promise.all(holders.map((client) => client.query('rollback')))
    for (const client of holders) client.release()
    reader.release()
    expect((await ask(cluster.primary.config, 'select * from sink')).length).toBe(0)
  })

  it('COPY, both ways', async () => {
    for (let i = 0; i < 12; i++) {
      const client = await pool.connect()
      const stream = client.query(
        i % 2 === 0
          ? copyTo('copy (select * from generate_series(1, 1000000)) to stdout')
          : copyFrom('copy sink from stdin'),
      )
      stream.on('error', () => {})
      if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      stream.destroy()
      client.release()
    }
    const answers = Array.from({ length: 8 }, () => pool.query('select pg_backend_pid() > 0 as is'))
    for (const { rows } of await within(Promise.all(answers), 'the pool answers'))
      expect(rows[0]?.is).toBe(true)
  })
})

describe('with a lost server', () => {
  type Open = (client: PoolClient) => Promise<{ readonly node: ClusterNode; readonly text: string }>
  const replica = (): ClusterNode => cluster.replicas[0] ?? cluster.primary
  const onReplica: Open = async () => ({ node: replica(), text: READ })
  const readOnly: Open = async (client) => {
    await client.query('begin read only')
    return { node: replica(), text: READ }
  }
  const onPrimary: Open = async (client) => {
    await client.query('begin')
    return { node: cluster.primary, text: READ }
  }
  const written: Open = async () => ({ node: cluster.primary, text: WRITE })
  const places: [string, Open][] = [
    ['on a replica', onReplica],
    ['in BEGIN READ ONLY', readOnly],
    ['in a transaction', onPrimary],
    ['that writes', written],
  ]

  it.each(places)('a stream %s that is read slowly ends with the error', async (_name, open) => {
    const client = await pool.connect()
    const { node, text } = await open(client)
    const stream = client.query(new QueryStream(text, [], { batchSize: 5 }))
    const { events, closed: isClosed } = endOf(stream)
    const failed = once(stream, 'error')
    await firstRow(stream)
    await terminate(node, text)
    expect((await within(failed, 'the stream fails'))[0]).toMatchObject({ code: '57P01' })
    await within(isClosed, 'the stream is closed')
    expect(events).toEqual(['error', 'close'])
    client.release(true)
    expect((await within(pool.query('select 1 as one'), 'the pool answers')).rows).toEqual([{ one: 1 }])
  })

  it.each(places)(
    'a stream %s that is cut by transaction_timeout ends with the error',
    async (_name, open) => {
      const client = await pool.connect()
      await client.query(`set transaction_timeout = '300ms'`)
      const { text } = await open(client)
      const stream = client.query(new QueryStream(text, [], { batchSize: 5 }))
      const { events, closed: isClosed } = endOf(stream)
      const failed = once(stream, 'error')
      await firstRow(stream)
      expect((await within(failed, 'the stream fails'))[0]).toMatchObject({ code: '25P04' })
      await within(isClosed, 'the stream is closed')
      expect(events).toEqual(['error', 'close'])
      client.release(true)
    },
  )

  it.each(places.slice(0, 2))(
    'a stream %s that replay conflicts with ends with the error',
    async (_name, open) => {
      const client = await pool.connect()
      await open(client)
      const stream = client.query(new QueryStream('select id from churn', [], { batchSize: 5 }))
      const { events, closed: isClosed } = endOf(stream)
      const failed = once(stream, 'error')
      await firstRow(stream)
      // Replayed, it conflicts with everything that reads the table.
      await ask(cluster.primary.config, 'begin; lock table churn in access exclusive mode; commit')
      expect((await within(failed, 'the stream fails'))[0]).toMatchObject({ code: '40001' })
      await within(isClosed, 'the stream is closed')
      expect(events).toEqual(['error', 'close'])
      client.release()
    },
  )

  it.each(places)('a cursor %s gives the error to who reads on, and is closed', async (_name, open) => {
    const client = await pool.connect()
    const { node, text } = await open(client)
    const cursor = client.query(new Cursor(text))
    await cursor.read(2)
    await terminate(node, text)
    await expect(within(cursor.read(500), 'the cursor fails')).rejects.toThrow(/terminat/)
    await within(cursor.close(), 'the cursor is closed')
    client.release(true)
  })

  it.each(places)(
    'frozen, closed and killed, a cursor %s is closed, and a stream too',
    async (_name, open) => {
      const [one, two] = await Promise.all([pool.connect(), pool.connect()])
      const { node, text } = await open(one)
      await open(two)
      const cursor = one.query(new Cursor(text))
      const stream = two.query(new QueryStream(text, [], { batchSize: 5 }))
      await cursor.read(2)
      await firstRow(stream)
      const { events, closed: isClosed } = endOf(stream)
      stream.on('error', () => {})
      let calls = 0
      try {
        await node.freeze()
        const cursorClosed = new Promise<void>((resolve) =>
          cursor.close(() => {
            calls += 1
            resolve()
          }),
        )
        stream.destroy()
        await node.kill()
        await within(Promise.all([cursorClosed, isClosed]), 'both are closed')
        expect(calls).toBe(1)
        expect(events).toEqual(['close'])
      } finally {
        for (const client of [one, two]) client.release(true)
        await node.start()
      }
      await within(pool.query('select 1'), 'the pool answers')
    },
  )
})
