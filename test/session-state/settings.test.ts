import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create schema one; create table one.here as select 1 as n')
  await ask(cluster.primary.config, 'create schema two; create table two.here as select 2 as n')
  await ask(
    cluster.primary.config,
    `create function sees(name text) returns text stable language sql as 'select pg_catalog.current_setting(name, true)'`,
  )
  await ask(cluster.primary.config, 'create role visitor')
  await ask(cluster.primary.config, 'create table seen as select 1 as id')
  await cluster.caughtUp()
})

beforeEach(async () => {
  pool = poolOver(cluster, { windowMs: 60_000, probeIntervalMs: 100, max: 2 })
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

afterAll(async () => {
  await cluster.stop()
})

/** What a proven read sees of a setting, and whether a replica has answered it. */
async function seen(through: Pick<PoolClient, 'query'>, name: string): Promise<[unknown, string]> {
  const before = pool.stats().nodes.map(({ reads }) => reads)
  const { rows } = await through.query<{ value: unknown }>('select sees($1) as value', [name])
  const after = pool.stats().nodes.map(({ reads }) => reads)
  const where = after[0] === before[0] ? 'replica' : 'primary'
  return [rows[0]?.value, after.join() === before.join() ? 'primary' : where]
}

describe('a setting on a client', () => {
  it('goes with its reads to the replicas, and no other client has it', async () => {
    const [a, b] = [await pool.connect(), await pool.connect()]
    await a.query(`set work_mem = '7MB'`)
    await b.query(`select set_config('app.user', $1, false)`, ['bob'])
    for (let i = 0; i < 3; i++) {
      expect(await seen(a, 'work_mem')).toEqual(['7MB', 'replica'])
      expect(await seen(b, 'work_mem')).toEqual(['4MB', 'replica'])
      expect(await seen(b, 'app.user')).toEqual(['bob', 'replica'])
      expect((await seen(a, 'app.user'))[0] ?? '').toBe('')
      expect(await seen(pool, 'work_mem')).toEqual(['4MB', 'replica'])
    }
    await a.query('reset work_mem')
    expect(await seen(a, 'work_mem')).toEqual(['4MB', 'replica'])
    a.release()
    b.release()
  })

  it('decides which of two tables of one name is read', async () => {
    const client = await pool.connect()
    for (const [path, n] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      await client.query(`set search_path to ${path}`)
      expect((await client.query('select n from here')).rows).toEqual([{ n }])
    }
    expect(pool.stats().nodes[0]?.reads).toBe(0)
    client.release()
  })

  it('is undone on the connection to the primary for its next user, and is there again at its next checkout', async () => {
    const write = `update seen set id = 1 returning sees('work_mem') as value`
    const first = await pool.connect()
    await first.query(`set work_mem = '7MB'`)
    first.release()
    expect((await pool.query(write)).rows).toEqual([{ value: '4MB' }])
    const again = await pool.connect()
    const other = await pool.connect()
    expect(again).toBe(first)
    for (let i = 0; i < 2; i++) {
      expect((await other.query(write)).rows).toEqual([{ value: '4MB' }])
      expect((await again.query(write)).rows).toEqual([{ value: '7MB' }])
    }
    expect(await seen(again, 'work_mem')).toEqual(['7MB', 'replica'])
    again.release()
    other.release()
  })

  it('counts when its transaction is committed, and not when that is rolled back', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`set work_mem = '7MB'`)
    await client.query('rollback')
    expect(await seen(client, 'work_mem')).toEqual(['4MB', 'replica'])
    await client.query('begin')
    await client.query(`set work_mem = '8MB'`)
    await client.query('commit')
    expect(await seen(client, 'work_mem')).toEqual(['8MB', 'replica'])
    await client.query('begin')
    await client.query(`set work_mem = '9MB'`)
    await expect(client.query('select 1/0 from seen')).rejects.toThrow('division')
    await client.query('commit')
    expect(await seen(client, 'work_mem')).toEqual(['8MB', 'replica'])
    client.release()
  })

  it('that a savepoint undoes is queried', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`set work_mem = '7MB'`)
    await client.query('savepoint s')
    await client.query(`set work_mem = '8MB'`)
    await client.query('rollback to s')
    await client.query('commit')
    expect(await seen(client, 'work_mem')).toEqual(['7MB', 'replica'])
    client.release()
  })

  it('of which only the server knows the value is queried', async () => {
    const client = await pool.connect()
    await client.query(`set datestyle to 'German'`)
    await client.query(`set datestyle to 'YMD'`)
    expect(await seen(client, 'datestyle')).toEqual(['German, YMD', 'replica'])
    await client.query(`set time zone interval '+02:00' hour to minute`)
    expect(await seen(client, 'timezone')).toEqual(['<+02>-02', 'replica'])
    await client.query('reset all')
    expect(await seen(client, 'datestyle')).toEqual(['ISO, MDY', 'replica'])
    client.release()
  })

  it('of one transaction binds no later statement', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`select set_config('app.user', 'bob', true)`)
    await client.query('set local work_mem to 999')
    expect(await seen(client, 'app.user')).toEqual(['bob', 'primary'])
    await client.query('commit')
    expect(await seen(client, 'work_mem')).toEqual(['4MB', 'replica'])
    expect((await seen(client, 'app.user'))[0] ?? '').toBe('')
    client.release()
  })

  it('under which a text or a role means something else keeps reads on the primary, until it is reset', async () => {
    const client = await pool.connect()
    for (const [set, reset] of [
      ['set role visitor', 'reset role'],
      ['set session authorization visitor', 'reset session authorization'],
      ['set default_transaction_isolation = serializable', 'reset default_transaction_isolation'],
      ['set session characteristics as transaction read only', 'reset all'],
      ['set standard_conforming_strings = off', 'set standard_conforming_strings = on'],
      [`set client_encoding = 'latin1'`, `set client_encoding = 'utf8'`],
      ['set search_path = public, pg_catalog', 'set search_path = public'],
      ['set session_replication_role = replica', 'set session_replication_role = origin'],
    ] as const) {
      await client.query(set)
      expect([set, await seen(client, 'work_mem')]).toEqual([set, ['4MB', 'primary']])
      await client.query(reset)
      expect([reset, await seen(client, 'work_mem')]).toEqual([reset, ['4MB', 'replica']])
    }
    client.release()
  })

  it('is made again where a read-only transaction begins on a replica', async () => {
    const client = await pool.connect()
    await client.query(`set work_mem = '7MB'`)
    await client.query('begin isolation level repeatable read read only')
    expect(await seen(client, 'work_mem')).toEqual(['7MB', 'replica'])
    await client.query('commit')
    client.release()
    await pool.query('begin read only').catch(() => {})
  })
})

describe('a role', () => {
  it('of one client does not affect others, and its earlier ones are kept', async () => {
    const client = await pool.connect()
    await client.query(`set work_mem = '7MB'`)
    await client.query('set role visitor')
    client.release()
    const { rows } = await pool.query(
      `select current_user as name, sees('work_mem') as value, txid_current()`,
    )
    expect(rows).toMatchObject([{ name: cluster.primary.config.user, value: '4MB' }])
  })
})

describe('pool.query(SET …)', () => {
  it('is for all queries of the pool, on any node, and for the clients that it hands out then', async () => {
    const before = await pool.connect()
    await pool.query(`set work_mem = '7MB'`)
    expect(await seen(before, 'work_mem')).toEqual(['4MB', 'replica'])
    before.release()
    for (let i = 0; i < 3; i++) expect(await seen(pool, 'work_mem')).toEqual(['7MB', 'replica'])
    const values = await Promise.all(
      [1, 2, 3, 4].map(() => pool.query(`update seen set id = 1 returning sees('work_mem') as value`)),
    )
    for (const { rows } of values) expect(rows).toEqual([{ value: '7MB' }])
    const client = await pool.connect()
    expect(await seen(client, 'work_mem')).toEqual(['7MB', 'replica'])
    await client.query('reset work_mem')
    expect(await seen(client, 'work_mem')).toEqual(['4MB', 'replica'])
    expect(await seen(pool, 'work_mem')).toEqual(['7MB', 'replica'])
    await client.query(`set work_mem = '9MB'`)
    client.release()
    await pool.query('reset all')
    expect(await seen(pool, 'work_mem')).toEqual(['4MB', 'replica'])
  })

  it('also where only the server knows the value, or several are made in one text', async () => {
    await pool.query(`set time zone interval '+02:00' hour to minute; set app.a = 'x'`)
    expect(await seen(pool, 'timezone')).toEqual(['<+02>-02', 'replica'])
    expect(await seen(pool, 'app.a')).toEqual(['x', 'replica'])
    await pool.query('discard all')
    expect(await seen(pool, 'timezone')).toEqual(['Etc/UTC', 'replica'])
  })

  it('that fails changes nothing', async () => {
    await expect(pool.query(`set work_mem = 'much'`)).rejects.toThrow('work_mem')
    expect(await seen(pool, 'work_mem')).toEqual(['4MB', 'replica'])
  })
})
