import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { clientThatTells } from '../support/sending-client.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(async () => {
  await cluster.stop()
})

beforeEach(async () => {
  pool = poolOver(cluster)
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

const reasonOf = async (sql: string): Promise<string> => (await pool.explain(sql)).statement.reason

describe('facts of the database on its functions and relations', () => {
  it('counts from the moment when a DDL statement went through the pool', async () => {
    expect(await reasonOf('select * from things')).toBe('relation-unknown')
    await pool.query('create table things (id int)')
    expect(await reasonOf('select * from things')).toMatch(/catalog-pending|select/)
    await until('the table is known', async () => (await reasonOf('select * from things')) === 'select')

    await pool.query(
      `create function count_up() returns int language plpgsql as $$ begin execute 'select 1'; return 1; end $$`,
    )
    await until(
      'the function is known',
      async () => (await reasonOf('select count_up()')) === 'function-volatile',
    )
    await pool.query('create view reaching as select count_up() as n from things')
    await until(
      'the view is known',
      async () => (await reasonOf('select * from reaching')) === 'relation-volatile',
    )
    await pool.query('alter table things set unlogged')
    await until(
      'it is unlogged',
      async () => (await reasonOf('select * from things')) === 'relation-unlogged',
    )
  })

  it('counts from the commit of a transaction that did DDL, and not from one that was rolled back', async () => {
    const client = await pool.connect()
    let loads = 0
    pool.events.on('catalogLoaded', () => loads++)
    await client.query('begin')
    await client.query('create table in_transaction (id int)')
    await client.query('rollback')
    expect(await reasonOf('select * from in_transaction')).toBe('relation-unknown')
    await client.query('begin')
    await client.query('create table in_transaction (id int)')
    await client.query('commit')
    await until(
      'the table is known',
      async () => (await reasonOf('select * from in_transaction')) === 'select',
    )
    await until('all of it is loaded', () => loads === 1)
    client.release()
  })

  it('is not asked for temporary tables', async () => {
    const client = await pool.connect()
    await client.query('create temporary table passing (id int)')
    expect(pool.stats().catalog).toBe('loaded')
    client.release(true)
  })

  it('sends reads of the user’s own relations to the primary until it is known, and never fails them', async () => {
    await ask(cluster.primary.config, 'create table if not exists early (id int)')
    // Nobody else has such a catalog.
    const early = poolOver(cluster, { declared: { functions: { unheard_of: 'primaryOnly' } } })
    try {
      expect((await early.query('select * from early')).rows).toEqual([])
      expect(early.stats()).toMatchObject({ catalog: 'builtin', reads: 0 })
    } finally {
      await early.end()
    }
  })

  it('is waited for by the reads of a short program', async () => {
    const short = poolOver(cluster, { declared: { functions: { never_heard_of: 'primaryOnly' } } })
    try {
      await short.query('create table just_now (id int)')
      expect((await short.explain('select * from just_now')).statement.reason).toBe('select')
      for (let i = 0; i < 40; i++) await short.query('select * from just_now')
      expect(short.stats()).toMatchObject({ reads: 40 })
      // The catalog was there for the first of them, as the explanation shows: the rest is up to the replica.
      await until('the replica serves', async () => {
        await short.query('select * from just_now')
        return short.stats().offload > 0
      })
    } finally {
      await short.end()
    }
  })
})

describe('ready()', () => {
  it('resolves when the catalog is loaded and every node has been seen: a first read runs on a replica', async () => {
    const ready = poolOver(cluster, { declared: { functions: { unknown_too: 'primaryOnly' } } })
    try {
      await ready.ready()
      expect(ready.stats()).toMatchObject({
        catalog: 'loaded',
        nodes: [{ state: 'primary' }, { state: 'replica' }],
      })
      await ready.query('select 1')
      expect(ready.stats().offload).toBe(1)
    } finally {
      await ready.end()
    }
    await expect(ready.ready()).rejects.toThrow('Cannot use a pool after calling end on the pool')
  })

  it('rejects where statements would fail, and works later', async () => {
    const refused = poolOver(cluster, { password: 'wrong' })
    await expect(refused.ready()).rejects.toMatchObject({ code: expect.any(String) as unknown })
    await refused.end()
  })

  it('rejects when the primary does not say what is in the database, and a later call tries again', async () => {
    let isBroken = true
    const Broken = clientThatTells((text) =>
      isBroken && text.includes('WITH RECURSIVE') ? 'select 1 / 0' : undefined,
    )
    const broken = poolOver(cluster, { Client: Broken })
    try {
      await expect(broken.ready()).rejects.toMatchObject({ code: '22012' })
      expect((await broken.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      isBroken = false
      await broken.ready()
      expect(broken.stats().catalog).toBe('loaded')
    } finally {
      await broken.end()
    }
  })

  it('resolves at once with one node, whether or not that answers', async () => {
    const single = new Pool({ host: '127.0.0.1', port: 1 })
    await expect(single.ready()).resolves.toBeUndefined()
    await single.end()
  })
})
