import { createRequire } from 'node:module'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import routed, { Client, wrapPg, Pool, type PgModule, type Pool as RoutedPool } from '../../src/index.ts'
import * as names from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

// What programs decide by: classes, names, and what is there or is not.

let cluster: Cluster
let pool: RoutedPool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  pool = poolOver(cluster, { probeIntervalMs: 100 })
  await replicasReady(pool)
})

afterAll(async () => {
  await pool.end()
  await cluster.stop()
})

/** Everything that is found by `in`. */
function namesOf(object: object): Set<string> {
  const found = new Set<string>()
  for (let each: object | null = object; each !== null; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) found.add(name)
  }
  return found
}

/** Consumers take an object with one of these, or all of a row, for another kind of database. */
const FORBIDDEN: readonly (readonly string[])[] = [
  ['db'],
  ['dialect'],
  ['createDriver'],
  ['aggregate'],
  ['getConnection'],
  ['fileControl'],
  ['createSession'],
  ['then'],
  ['open', 'close', 'prepare'],
  ['batch', 'exec', 'prepare'],
  ['acquire', 'release', 'destroy', 'numFree', 'numUsed', 'numPendingAcquires'],
]

describe('a pool', () => {
  it('is a pg.Pool, of that name', () => {
    expect(pool).toBeInstanceOf(pg.Pool)
    expect(pool.constructor.name).toBe('Pool')
    expect(pool.primary).toBeInstanceOf(pg.Pool)
    expect(pool.primary.constructor.name).toBe('Pool')
    expect(pool.primary).toBe(pool.primary)
  })

  it.each(FORBIDDEN)('is taken for nothing else: %s', (...row) => {
    for (const each of [pool, pool.primary]) {
      const found = namesOf(each)
      expect(row.every((name) => found.has(name))).toBe(false)
    }
  })

  it('shows options that lead to the primary, with a password that is not enumerated', async () => {
    expect(Object.keys(pool.options)).not.toContain('password')
    expect(pool.options).toMatchObject({ host: cluster.primary.config.host, max: 10 })
    const client = new pg.Client({ ...pool.options, password: String(pool.options.password) })
    await client.connect()
    expect((await client.query('select pg_is_in_recovery() as is')).rows).toEqual([{ is: false }])
    await client.end()
  })
})

describe('a client of a pool', () => {
  it('is a pg.Client, which programs may write on', async () => {
    const client = await pool.connect()
    expect(client).toBeInstanceOf(pg.Client)
    expect(client).toBeInstanceOf(Client)
    expect(client.constructor.name).toBe('Client')
    expect(Object.isExtensible(client)).toBe(true)
    expect(namesOf(client).has('then')).toBe(false)
    expect(client).toMatchObject({
      host: pool.options.host,
      port: pool.options.port,
      user: pool.options.user,
      database: pool.options.database,
      processID: null,
      secretKey: null,
      pipeline: false,
      _ending: false,
      _queryable: true,
    })
    expect(Object.keys(client)).not.toContain('password')
    expect(client.escapeIdentifier('a"b')).toBe('"a""b"')
    expect(client.escapeLiteral(`it's`)).toBe(`'it''s'`)
    expect(client.getTransactionStatus()).toBe('I')
    expect(client.connection.stream).toBeDefined()
    for (const name of ['unref', 'ref']) Reflect.apply(Reflect.get(client, name), client, [])
    client.release()
  })

  it('is the one that was released last, with all that was written on it', async () => {
    const first = await pool.connect()
    const second = await pool.connect()
    expect(second).not.toBe(first)
    const key = Symbol('known')
    Object.assign(first, { [key]: true })
    Object.defineProperty(first, '$useCount', { value: 1 })
    first.release()
    second.release()
    expect(await pool.connect()).toBe(second)
    const again = await pool.connect()
    expect(again).toBe(first)
    expect(Reflect.get(again, key)).toBe(true)
    again.release()
    second.release()
  })

  it('has a release of its own for each checkout, which works once', async () => {
    const client = await pool.connect()
    const stale: (error?: Error) => void = Reflect.get(client, 'release')
    client.release()
    const again = await pool.connect()
    expect(again).toBe(client)
    expect(() => stale()).toThrow('Release called on client which has already been released to the pool.')
    expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    again.release()
  })

  it('is not handed out again when it was released with an error, or ended', async () => {
    const failed = await pool.connect()
    failed.release(new Error('no good'))
    const ended = await pool.connect()
    expect(ended).not.toBe(failed)
    let heard = 0
    ended.on('end', () => (heard += 1))
    await ended.end()
    await ended.end()
    expect(heard).toBe(1)
    await expect(ended.query('select 1')).rejects.toThrow('Client was closed and is not queryable')
    ended.release()
    const fresh = await pool.connect()
    expect(fresh).not.toBe(ended)
    fresh.release()
  })

  it('keeps no more of them than connections', async () => {
    const clients = await Promise.all(Array.from({ length: 15 }, () => pool.connect()))
    for (const client of clients) client.release()
    const again = await Promise.all(Array.from({ length: 15 }, () => pool.connect()))
    expect(again.filter((client) => clients.includes(client))).toHaveLength(10)
    for (const client of again) client.release()
  })

  it('says as node-postgres does what it cannot do', async () => {
    const client = await pool.connect()
    await expect(client.connect()).rejects.toThrow(
      'Client has already been connected. You cannot reuse a client.',
    )
    const query = client.query as (config: unknown) => Promise<unknown>
    expect(() => query.call(client, null)).toThrow('Client was passed a null or undefined query')
    await expect(query.call(client, {})).rejects.toThrow('A query must have either text or a name')
    await expect(query.call(client, { text: 'select $1', values: 1 })).rejects.toThrow(
      'Query values must be an array',
    )
    client.release()
  })

  it('reads with its own type parsers, wherever it reads', async () => {
    const client = await pool.connect()
    client.setTypeParser(20, (text: string) => `big ${text}`)
    expect((await client.query('select 1::int8 as n')).rows).toEqual([{ n: 'big 1' }])
    await client.query('begin')
    expect((await client.query('select 2::int8 as n')).rows).toEqual([{ n: 'big 2' }])
    await client.query('commit')
    client.release(true)
    expect((await pool.query('select 1::int8 as n')).rows).toEqual([{ n: '1' }])
  })

  it('tells when nothing is left to do', async () => {
    const client = await pool.connect()
    const drained = new Promise<void>((resolve) => client.once('drain', resolve))
    await client.query('select 1')
    await expect(drained).resolves.toBeUndefined()
    client.release()
  })

  it('names its backend when every statement runs there, and not before', async () => {
    const client = await pool.connect()
    await client.query('create table if not exists pids (id int)')
    expect(Reflect.get(client, 'processID')).toBeNull()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    // Who asks means the connection: what follows runs there, and can be cancelled there.
    expect(Reflect.get(client, 'processID')).toBe(rows[0]?.pid)
    expect((await client.query('select pg_is_in_recovery() as is')).rows).toEqual([{ is: false }])
    client.release()
    const again = await pool.connect()
    expect(again).toBe(client)
    expect(Reflect.get(again, 'processID')).toBeNull()
    again.release()
  })
})

describe('cancelling', () => {
  /** As Kysely does it: by the backend that the client names, or is asked for, over a connection of the pool's options. */
  async function cancel(pid: unknown): Promise<void> {
    const canceller = new pg.Client({ ...pool.options, password: String(pool.options.password) })
    await canceller.connect()
    await canceller.query('select pg_cancel_backend($1)', [pid])
    await canceller.end()
  }

  it('reaches the statement of the client that was asked', async () => {
    const client = await pool.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const running = client.query('select pg_sleep(30) from pg_class limit 1')
    const settled = running.catch((error: unknown) => error)
    const asked = `select 1 from pg_stat_activity where pid = ${rows[0]?.pid} and query like 'select pg_sleep%'`
    await until('it runs', async () => (await ask(cluster.primary.config, asked)).length === 1)
    await cancel(rows[0]?.pid)
    expect(await settled).toMatchObject({ code: '57014' })
    client.release()
  })

  it('is not offered for a backend of a replica: the primary may have another backend of that number', async () => {
    const client = await pool.connect()
    const open = `select 1 from pg_stat_activity where state = 'idle in transaction'`
    await until('the transaction is on the replica', async () => {
      await client.query('rollback')
      await client.query('begin read only')
      return (await ask(cluster.replicas[0]?.config ?? {}, open)).length === 1
    })
    expect(Reflect.get(client, 'processID')).toBeNull()
    await client.query('rollback')
    await client.query('begin')
    expect(typeof Reflect.get(client, 'processID')).toBe('number')
    await client.query('rollback')
    client.release()
  })
})

describe('the module', () => {
  it('has what pg has', () => {
    const own = Object.keys(pg).toSorted()
    expect(Object.keys(routed).toSorted()).toEqual(own)
    for (const name of own.filter((each) => !['Pool', 'Client'].includes(each))) {
      expect(Reflect.get(routed, name)).toBe(Reflect.get(pg, name))
    }
    expect(Object.getOwnPropertyDescriptor(routed, 'native')).toMatchObject({ enumerable: false })
    expect(routed.native).toBe(pg.native)
    for (const name of own.filter((each) => each !== '_pools')) {
      expect(Reflect.get(names, name)).toBe(Reflect.get(routed, name))
    }
    expect(Reflect.get(routed.Client, 'Query')).toBe(pg.Query)
  })

  it('lets its properties be replaced', () => {
    const copy = wrapPg(pg)
    const given = copy.Pool
    copy.Pool = Pool
    expect(copy.Pool).not.toBe(given)
  })

  it('refuses what is no node-postgres, or too old', () => {
    const call = wrapPg as (module: unknown) => unknown
    expect(() => call(undefined)).toThrow('wrapPg() needs the module "pg"')
    class Old {}
    expect(() => call({ Client: Old, Pool: Old })).toThrow('wrapPg() needs pg 8.21 or newer')
  })
})

describe('on top of another copy of node-postgres', () => {
  const require = createRequire(import.meta.url)

  it('the oldest that is supported', async () => {
    const other = require('pg-oldest') as PgModule
    expect(other.Pool).not.toBe(pg.Pool)
    const bound = wrapPg(other, { logger: false })
    const replicas = cluster.replicas.map((node) => node.config)
    const own = new bound.Pool({ ...cluster.primary.config, replicas, probeIntervalMs: 100 })
    expect(own).toBeInstanceOf(other.Pool)
    expect(own).not.toBeInstanceOf(pg.Pool)
    expect(own.primary).toBeInstanceOf(other.Pool)
    await replicasReady(own)
    const client = await own.connect()
    expect(client).toBeInstanceOf(other.Client)
    expect(client).not.toBeInstanceOf(pg.Client)
    await client.query('begin')
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' })
    expect(client.getTransactionStatus()).toBe('E')
    await client.query('rollback')
    expect((await client.query('select pg_is_in_recovery() as is')).rows).toEqual([{ is: false }])
    await client.query('select 1 from pg_catalog.pg_class limit 1')
    client.release()
    await own.end()
  })
})
