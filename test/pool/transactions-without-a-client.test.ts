import { Pool as PgPool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

// `pool.query('BEGIN')` is a mistake that works with pg.Pool as long as one caller does one thing after the other: it meets
// the same connection again.

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table items (id int primary key)')
})
beforeEach(async () => {
  await ask(cluster.primary.config, 'truncate items')
  await cluster.caughtUp()
})
afterAll(() => cluster?.stop())

type Program = (pool: PgPool) => Promise<unknown>

const LOCKED = 'select id from items order by id for update'
const rows = async (pool: PgPool, sql: string): Promise<unknown> => (await pool.query(sql)).rows

const programs: readonly (readonly [string, Program])[] = [
  [
    'what is rolled back is gone',
    async (pool) => {
      await pool.query('begin')
      await pool.query('insert into items values (1)')
      const seen = await rows(pool, LOCKED)
      await pool.query('rollback')
      return [seen, await rows(pool, 'select id from items')]
    },
  ],
  [
    'what is committed is there',
    async (pool) => {
      await pool.query('begin')
      await pool.query('insert into items values (1)')
      await pool.query('savepoint s')
      await pool.query('insert into items values (2)')
      await pool.query('rollback to s')
      await pool.query('commit')
      return rows(pool, 'select id from items')
    },
  ],
  [
    'a client that is checked out meanwhile works in it, and does not end it',
    async (pool) => {
      await pool.query('begin')
      await pool.query('insert into items values (1)')
      const client = await pool.connect()
      const { rows: seen } = await client.query(LOCKED)
      await client.query('insert into items values (2)')
      const { rows: read } = await client.query('select id from items order by id')
      client.release()
      await pool.query('commit')
      return [seen, read, await rows(pool, 'select id from items order by id')]
    },
  ],
  [
    'a client that ends it begins its own as ever',
    async (pool) => {
      await pool.query('begin')
      await pool.query('insert into items values (1)')
      const client = await pool.connect()
      await client.query('insert into items values (2)')
      await client.query('commit')
      await client.query('begin')
      await client.query('insert into items values (3)')
      await client.query('commit')
      client.release()
      return rows(pool, 'select id from items order by id')
    },
  ],
]

describe.each([1, 5])('with at most %i connections', (max) => {
  it.each(programs)('%s', async (_what, program) => {
    const bare = new PgPool({ ...cluster.primary.config, max })
    const expected = await program(bare)
    await bare.end()
    await ask(cluster.primary.config, 'truncate items')
    const pool = poolOver(cluster, { max, probeIntervalMs: 100 })
    try {
      await replicasReady(pool)
      expect(await program(pool)).toEqual(expected)
    } finally {
      await pool.end()
    }
  })
})

it('a transaction that is failed says so until it is ended', async () => {
  for (const pool of [new PgPool({ ...cluster.primary.config, max: 1 }), poolOver(cluster, { max: 1 })]) {
    await pool.query('begin')
    // An error closes the connection, and the transaction with it.
    await expect(pool.query('insert into nowhere values (1)')).rejects.toMatchObject({ code: '42P01' })
    await pool.query('insert into items values (7)')
    await pool.query('rollback')
    expect(await rows(pool, 'select id from items')).toEqual([{ id: 7 }])
    await pool.query('truncate items')
    await pool.end()
  }
})

it('reads in between are reads of the pool: a replica shows nothing that is not committed', async () => {
  const pool = poolOver(cluster, { probeIntervalMs: 100 })
  await replicasReady(pool)
  await pool.query('begin')
  await pool.query('insert into items values (1)')
  expect((await pool.query({ text: 'select id from items', route: 'replica' })).rows).toEqual([])
  expect(await rows(pool, '/* route: primary */ select id from items')).toEqual([{ id: 1 }])
  await pool.query('commit')
  expect(await rows(pool, 'select id from items')).toEqual([{ id: 1 }])
  await pool.end()
})
