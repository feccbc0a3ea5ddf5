import { once } from 'node:events'
import pg, { type PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { itemsTable, poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// What the primary has shown is shown by the next read: replicas replay each commit 40 ms late.

const LAG_MS = 40
const OPTIONS: PoolOptions = { probeIntervalMs: 100, catchUpTimeoutMs: 5000 }

let cluster: Cluster
let shared: Pool

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 2 },
    itemsTable(16),
    `create function counted() returns bigint language plpgsql volatile as 'declare n bigint; begin execute ''select count(*) from items'' into n; return n; end'`,
    `create procedure count_them(inout n bigint) language plpgsql as 'begin n := (select count(*) from items); end'`,
  )
  for (const node of cluster.replicas) await applyDelay(node, LAG_MS)
  shared = poolOver(cluster, OPTIONS)
  await replicasReady(shared)
})

afterAll(async () => {
  await shared?.end()
  await cluster?.stop()
})

const open = poolsForTests(() => cluster, OPTIONS)

/** Another process commits a row. */
async function insert(): Promise<void> {
  const next = 'insert into items select max(id) + 1 from items'
  await ask(cluster.primary.config, next)
}

async function count(pool: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('select count(*) from items')
  return Number(rows[0]?.count)
}

/** Rows that the primary has. */
async function truth(): Promise<number> {
  const [row] = await ask(cluster.primary.config, 'select count(*) from items')
  return Number(row?.['count'])
}

const FOR_UPDATE = 'select id from items where id <= 3 order by id for update'
const BAD_VALUE = "insert into items select ('rows: ' || (select count(*) from items))::int"

type Show = (pool: Pool) => Promise<unknown>

const overClient =
  (...texts: readonly string[]): Show =>
  async (pool) => {
    const client = await pool.connect()
    try {
      for (const text of texts) await client.query(text)
    } finally {
      client.release()
    }
  }

const shows: readonly (readonly [string, Show])[] = [
  [
    'current_setting() next to a table',
    (pool) => pool.query("select count(*), current_setting('port') from items"),
  ],
  ['pg_backend_pid() next to a table', (pool) => pool.query('select count(*), pg_backend_pid() from items')],
  [
    'pg_stat_activity next to a table',
    (pool) => pool.query('select (select count(*) from items) from pg_stat_activity'),
  ],
  ['a volatile function', (pool) => pool.query('select counted()')],
  ['CALL', (pool) => pool.query('call count_them(0)')],
  ['DO', (pool) => pool.query("do $$ begin raise notice '%', (select count(*) from items); end $$")],
  [
    'EXPLAIN ANALYZE of a write',
    (pool) => pool.query('explain analyze update items set id = id where false'),
  ],
  ['route: primary', (pool) => pool.query({ text: 'select count(*) from items', route: 'primary' })],
  ['a hint', (pool) => pool.query('/* route: primary */ select count(*) from items')],
  [
    'consistency: strong',
    (pool) => pool.query({ text: 'select count(*) from items', consistency: 'strong' }),
  ],
  [
    'a read of a transaction that is rolled back',
    overClient('begin', 'select count(*) from items', 'rollback'),
  ],
  [
    'RETURNING, rolled back',
    overClient('begin', 'update items set id = id where id = 1 returning id', 'rollback'),
  ],
  [
    'a client that is held to the primary',
    overClient('create temp table t (id int)', 'select count(*) from items, t'),
  ],
  ['the view of the primary', (pool) => pool.primary.query('select count(*) from items')],
  ['a duplicate key', (pool) => pool.query('insert into items values (1)').catch(() => {})],
  ['a value in an error of a write', (pool) => pool.query(BAD_VALUE).catch(() => {})],
  [
    'a value in an error of a transaction',
    async (pool) => {
      const client = await pool.connect()
      await client.query('begin')
      await client.query(BAD_VALUE).catch(() => {})
      await client.query('rollback')
      client.release()
    },
  ],
  [
    'an exception of DO',
    (pool) =>
      pool.query("do $$ begin raise exception '%', (select count(*) from items); end $$").catch(() => {}),
  ],
  [
    'a text of several statements that fails',
    (pool) => pool.query('select count(*), pg_backend_pid() from items; select 1 / 0').catch(() => {}),
  ],
  ['a table that is there already', (pool) => pool.query('create table items ()').catch(() => {})],
]

const locks: readonly (readonly [string, Show])[] = [
  ['pg_advisory_lock', overClient('select pg_advisory_lock(7)', 'select pg_advisory_unlock(7)')],
  [
    'pg_advisory_lock_shared',
    overClient('select pg_advisory_lock_shared(7)', 'select pg_advisory_unlock_shared(7)'),
  ],
  ['pg_try_advisory_lock', overClient('select pg_try_advisory_lock(7)', 'select pg_advisory_unlock(7)')],
  ['pg_advisory_xact_lock', overClient('begin', 'select pg_advisory_xact_lock(7)', 'rollback')],
  [
    'pg_advisory_xact_lock, outside of a transaction',
    (pool) => pool.query('select pg_advisory_xact_lock(7)'),
  ],
  ['pg_try_advisory_xact_lock_shared', (pool) => pool.query('select pg_try_advisory_xact_lock_shared(7)')],
  ['LOCK TABLE', overClient('begin', 'lock table items in share mode', 'rollback')],
  ['SELECT FOR UPDATE', overClient('begin', 'select id from items where id = 1 for update', 'rollback')],
  ['SELECT FOR SHARE', (pool) => pool.query('select id from items where id = 1 for share')],
  ['a lock inside of DO', (pool) => pool.query('do $$ begin perform pg_advisory_xact_lock(7); end $$')],
  ['LISTEN', overClient('listen a')],
  [
    'a statement that takes a lock and fails',
    (pool) =>
      pool.query('select pg_advisory_xact_lock(7), 1 / (select 0 from items limit 1)').catch(() => {}),
  ],
]

describe('data that the primary has shown is shown by the next read', () => {
  it.each([...shows, ...locks])('outside of sessions, after %s', async (_name, show) => {
    const pool = shared
    await insert()
    await show(pool)
    expect(await count(pool)).toBe(await truth())
  })

  it.each([...shows, ...locks])('in a session, after %s', async (_name, show) => {
    const pool = shared
    await pool.withSession(async () => {
      expect(await count(pool)).toBeGreaterThan(0)
      await insert()
      await show(pool)
      expect(await count(pool)).toBe(await truth())
    })
  })

  it('while a cursor on the primary is still open', async () => {
    const pool = await open()
    await insert()
    const client = await pool.connect()
    const cursor = client.query(new Cursor('select id, pg_backend_pid() from items'))
    await cursor.read(1)
    expect(await count(pool)).toBe(await truth())
    await cursor.close()
    client.release()
  })

  it('after a read that the primary has answered because its replicas failed', async () => {
    const pool = await open()
    for (const node of cluster.replicas) await node.freeze()
    const spilled = count(pool)
    await insert()
    await spilled
    const seen = await count(pool)
    for (const node of cluster.replicas) await node.thaw()
    expect(seen).toBe(await truth())
    expect(await count(pool)).toBeGreaterThanOrEqual(seen)
  })
})

describe('a lock', () => {
  it.each(locks)('raises what other sessions see: %s', async (_name, show) => {
    const pool = shared
    const other = pool.session()
    await other.run(() => count(pool))
    await insert()
    await pool.withSession(() => show(pool))
    expect(await other.run(() => count(pool))).toBe(await truth())
    expect(await count(pool)).toBe(await truth())
  })

  it('is waited for, and what its holder has committed is seen', async () => {
    const pool = await open()
    const holder = await pool.primary.connect()
    await holder.query('select pg_advisory_lock(8)')
    const waiting = pool.query('select pg_advisory_xact_lock(8)')
    await insert()
    await holder.query('select pg_advisory_unlock(8)')
    await waiting
    expect(await count(pool)).toBe(await truth())
    holder.release()
  })

  it.each<[string, (client: PoolClient) => Promise<unknown>]>([
    ['a cursor', (client) => client.query(new Cursor(FOR_UPDATE)).read(1)],
    [
      'a stream',
      (client) =>
        once(client.query(new QueryStream(FOR_UPDATE, [], { batchSize: 1, highWaterMark: 1 })), 'data'),
    ],
    ['a query object', (client) => once(client.query(new pg.Query(FOR_UPDATE)), 'row')],
  ])('is taken for a row while %s is still open', async (_name, firstRow) => {
    const pool = await open()
    const session = pool.session()
    const holder = await pool.primary.connect()
    await holder.query('begin')
    await holder.query('select id from items where id = 1 for update')
    const client = await pool.connect()
    const first = firstRow(client)
    const waits = "select count(*) from pg_locks where not granted and locktype = 'transactionid'"
    await until(
      'the client waits for the row',
      async () => (await ask(cluster.primary.config, waits))[0]?.['count'] !== '0',
    )
    await insert()
    await holder.query('rollback')
    await first
    const expected = await truth()
    expect(await Promise.all([count(pool), session.run(() => count(pool))])).toEqual([expected, expected])
    holder.release()
    client.release(true)
  })

  it('is in the token of a session that was there', async () => {
    const pool = await open()
    const other = await open()
    const session = pool.session()
    await insert()
    await pool.withSession(() => pool.query('select pg_advisory_xact_lock(7)'))
    const token = await session.token()
    expect(await other.withSession({ token }, () => count(other))).toBe(await truth())
  })

  it('counts as a write where reads go by time', async () => {
    const pool = await open({ consistency: 'window', windowMs: 1000 })
    await insert()
    await pool.withSession(() => pool.query('select pg_advisory_xact_lock(7)'))
    expect(await count(pool)).toBe(await truth())
  })
})

describe('a notification', () => {
  it.each<[string, PoolOptions]>([
    ['by position', {}],
    ['by time', { consistency: 'window', windowMs: 1000 }],
  ])('is heard when what it announces can be read, in every session and pool: %s', async (_name, options) => {
    const pool = await open(options)
    const neighbour = await open(options)
    const session = pool.session()
    const client = await pool.connect()
    await client.query('listen news')
    for (let i = 0; i < 3; i++) {
      const heard = once(client, 'notification')
      await ask(
        cluster.primary.config,
        'begin; insert into items select max(id) + 1 from items; notify news; commit',
      )
      await heard
      const expected = await truth()
      expect(await count(pool)).toBe(expected)
      expect(await session.run(() => count(pool))).toBe(expected)
      expect(await count(neighbour)).toBe(expected)
    }
    client.release()
  })
})

describe('statements that cost nothing', () => {
  it('reads on replicas raise no floor, and the primary is not asked', async () => {
    const pool = await open()
    const tally = new Tally(pool)
    for (let i = 0; i < 200; i++) await count(pool)
    const [, ...onReplicas] = tally.reads()
    expect(onReplicas.reduce((sum, each) => sum + each)).toBe(200)
  })

  it('a pool whose replicas are too far behind comes back to them, though the primary is written to', async () => {
    const pool = await open({ catchUpTimeoutMs: 5 })
    await pool.query('select counted()')
    const untilMs = Date.now() + 5000
    let last = 0
    while (last === 0 && Date.now() < untilMs) {
      await insert()
      const tally = new Tally(pool)
      await count(pool)
      last = tally
        .reads()
        .slice(1)
        .reduce((sum, each) => sum + each)
    }
    expect(last).toBe(1)
  })
})
