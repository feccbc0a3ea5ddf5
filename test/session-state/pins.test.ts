import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { WAITING, poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { alterSystem } from '../support/settings.ts'

let cluster: Cluster
let pool: Pool
let pins: string[]

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table seen as select 1 as id')
  await ask(
    cluster.primary.config,
    `create function meddle() returns void language plpgsql as $$
       begin set work_mem = '9MB'; create temp table meddled (a int); listen meddled; perform pg_advisory_lock(7); end $$`,
  )
  await cluster.caughtUp()
})

beforeEach(async () => {
  pool = poolOver(cluster, { probeIntervalMs: 100, max: 1, ...WAITING })
  pins = []
  pool.events.on('clientPinned', ({ pin }) => pins.push(pin))
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

afterAll(async () => {
  await cluster.stop()
})

const reads = (): number => pool.stats().nodes[0]?.reads ?? Number.NaN

/** What the next one finds on the only connection to the primary. */
async function leftovers(): Promise<unknown> {
  const { rows } = await pool.query(`
    select current_setting('work_mem') as work_mem,
      (select count(*) from pg_locks where locktype = 'advisory')::int as locks,
      (select count(*) from pg_listening_channels())::int as channels,
      (select count(*) from pg_class where relnamespace = pg_my_temp_schema())::int as temporary,
      (select count(*) from pg_prepared_statements)::int as prepared,
      (select count(*) from pg_cursors)::int as cursors`)
  return rows[0]
}

const NOTHING = { work_mem: '4MB', locks: 0, channels: 0, temporary: 0, prepared: 0, cursors: 0 }

describe('state of a connection keeps a client there until it is released, and is gone then', () => {
  it.each([
    ['temporary-object', 'create temp table seen as select id from public.seen'],
    ['advisory-lock', 'select pg_advisory_lock(1)'],
    ['listen', 'listen own'],
    ['prepared-statement', 'prepare own as select 1'],
    ['cursor', 'declare own cursor with hold for select 1'],
    ['unknown', 'select meddle()'],
    ['unknown', `do $$ begin set work_mem = '9MB'; end $$`],
    ['random-seed', 'select setseed(0.5)'],
    ['advisory-lock', 'create table filled as select pg_try_advisory_lock(1)'],
    ['setting', `update pg_settings set setting = '9MB' where name = 'work_mem'`],
  ])('%s: %s', async (pin, sql) => {
    const client = await pool.connect()
    await client.query('select id from seen')
    expect([reads(), pins]).toEqual([0, []])
    await client.query(sql)
    // DO may have changed the schema: until the database is asked, the next statement is not known to be a read.
    await until('it is known to be a read', async () => {
      const { statement } = await pool.explain('select id from seen')
      return statement.kind === 'read'
    })
    await client.query('select id from seen')
    expect([reads(), pins]).toEqual([1, [pin]])
    client.release()
    expect(await leftovers()).toEqual(NOTHING)
    const again = await pool.connect()
    const before = reads()
    await again.query('select id from seen')
    expect(reads()).toBe(before)
    again.release()
  })

  it('temporary objects keep what may mean them, and let go of other reads', async () => {
    const client = await pool.connect()
    const read = async (sql: string): Promise<unknown> => {
      const { rows } = await client.query<Record<string, unknown>>({ text: sql, rowMode: 'array' } as never)
      return rows
    }
    await client.query('create temp table own (a int)')
    expect(await read('select id from seen')).toEqual([[1]])
    expect(await read(`select 'own'::text`)).toEqual([['own']])
    await until('a read that can mean no temporary object leaves', async () => {
      const before = reads()
      expect(await read('select id from seen')).toEqual([[1]])
      return reads() === before
    })
    expect(await read('select a from own')).toEqual([])
    await client.query('alter table own rename to seen')
    expect(await read('select * from seen')).toEqual([])
    expect(await read('select id from public.seen')).toEqual([[1]])
    await client.query('drop table seen')
    expect(await read('select id from seen')).toEqual([[1]])
    client.release()
  })

  it.each([
    ['one by one', ['select pg_advisory_lock(1)', 'select pg_try_advisory_lock(2)'], ['1', '2']],
    ['at once', ['select pg_advisory_lock(id) from seen'], undefined],
  ])('locks that are let go %s let go of it', async (_how, taken, keys) => {
    const client = await pool.connect()
    for (const sql of taken) await client.query(sql)
    await client.query('select id from seen')
    expect([reads(), pins]).toEqual([1, ['advisory-lock']])
    if (keys === undefined) await client.query('select pg_advisory_unlock_all()')
    else {
      await client.query('select pg_advisory_unlock($1)', [keys[0]])
      await client.query('select id from seen')
      expect(reads()).toBe(2)
      await client.query({ text: 'select pg_advisory_unlock($1)', values: [keys[1]], rowMode: 'array' })
    }
    const before = reads()
    await client.query('select id from seen')
    expect(reads()).toBe(before)
    expect((await pool.explain('select id from seen', client)).pins).toBeUndefined()
    client.release()
    expect(await leftovers()).toEqual(NOTHING)
  })

  it('a lock that is let go stands for none that a function has taken', async () => {
    const client = await pool.connect()
    await client.query('select pg_advisory_lock(1)')
    await client.query('select meddle()')
    await client.query('select pg_advisory_unlock(7)')
    const explained = await pool.explain('select id from seen', client)
    client.release()
    expect(explained.pins).toEqual(['advisory-lock', 'unknown'])
    expect(await leftovers()).toEqual(NOTHING)
  })

  it('after DISCARD ALL locks are counted from none', async () => {
    const client = await pool.connect()
    await client.query('select pg_advisory_lock(1)')
    await client.query('discard all')
    await client.query('select pg_advisory_lock(2)')
    await client.query('select pg_advisory_unlock(2)')
    const explained = await pool.explain('select id from seen', client)
    client.release()
    expect(explained.pins).toBeUndefined()
    expect(pins).toEqual(['advisory-lock', 'advisory-lock'])
    expect(await leftovers()).toEqual(NOTHING)
  })

  it('DISCARD ALL lets go of it', async () => {
    const client = await pool.connect()
    await client.query('create temp table own (a int)')
    await client.query(`set work_mem = '7MB'`)
    await client.query('discard all')
    await client.query('select id from seen')
    expect(reads()).toBe(0)
    client.release()
    expect(await leftovers()).toEqual(NOTHING)
  })

  it('an open transaction is rolled back', async () => {
    const client = await pool.connect()
    await client.query(`begin; set work_mem = '7MB'; update seen set id = 2`)
    client.release()
    expect(await leftovers()).toEqual(NOTHING)
    expect((await pool.query({ text: 'select id from seen', route: 'primary' })).rows).toEqual([{ id: 1 }])
  })
})

describe('a replica that refuses a setting', () => {
  it('does not get the reads of who has made it', async () => {
    const [replica] = cluster.replicas
    if (replica === undefined) throw new Error('There is no replica')
    // A library that only the replica has loaded knows that it has no such setting.
    await alterSystem(replica.config, { session_preload_libraries: 'auto_explain' })
    const fresh = poolOver(cluster, { probeIntervalMs: 100, ...WAITING })
    await replicasReady(fresh)
    const refusals: unknown[] = []
    fresh.events.on('settingRefused', ({ node }) => refusals.push(node))
    const client = await fresh.connect()
    await client.query('set auto_explain.nonsense = 1')
    for (let i = 0; i < 3; i++) expect((await client.query('select id from seen')).rows).toEqual([{ id: 1 }])
    expect(refusals).toHaveLength(1)
    expect(fresh.stats().nodes[1]?.reads).toBe(0)
    await client.query('reset all')
    await client.query('select id from seen')
    expect(fresh.stats().nodes[1]?.reads).toBe(1)
    client.release()
    await fresh.end()
  })
})
