import { tracingChannel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { inspect } from 'node:util'
import pg from 'pg'
import QueryStream from 'pg-query-stream'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Pool, type PoolOptions, type QueryExecution } from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'
import { PATHS } from './paths.ts'

// A pool of one node does not route. Its statements and connections have the same events all the same.

const SECRET = '4111-secret'
let cluster: Cluster
let node: string
let pool: Pool
let executions: QueryExecution[]

const open = (options: PoolOptions = {}): Pool =>
  new Pool({ ...cluster.primary.config, logger: false, max: 2, ...options })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 0 }, itemsTable(9))
  node = `${cluster.primary.config.host}:${cluster.primary.config.port}`
})

beforeEach(() => {
  pool = open()
  executions = []
})

afterEach(() => pool.end())
afterAll(() => cluster?.stop())

const note = (execution: QueryExecution): void => void executions.push(execution)

describe.each(Object.entries(PATHS))('%s', (_, run) => {
  test('a statement has one event, with its node', async () => {
    pool.events.on('execution', note)
    await run(pool, "select label from items where id > $1 and label <> '4111-secret'", [SECRET.length])
    await until('it has ended', () => executions.length > 0)
    expect(executions).toHaveLength(1)
    expect(executions[0]).toMatchObject({
      sql: 'select label from items where id > $1 and label <> ?',
      summary: 'SELECT items',
      node,
      role: 'unknown',
    })
    expect(executions[0]?.durationMs).toBeGreaterThan(0)
    expect(inspect(executions, { depth: 9, showHidden: true })).not.toContain(SECRET)
  })

  test('a failed statement has its SQLSTATE', async () => {
    pool.events.on('execution', note)
    await expect(run(pool, `select ('${SECRET}' || $1)::int from items`, [SECRET])).rejects.toMatchObject({
      code: '22P02',
    })
    await until('it has ended', () => executions.length > 0)
    expect(executions.map(({ error }) => error)).toMatchObject([{ code: '22P02' }])
    expect(inspect(executions, { depth: 9, showHidden: true })).not.toContain(SECRET)
  })
})

test('a client has its own method again when it is released, and without listeners it never has another', async () => {
  const client = await pool.connect()
  expect(Object.hasOwn(client, 'query')).toBe(false)
  client.release()
  pool.events.on('execution', note)
  const followed = await pool.connect()
  expect(followed).toBe(client)
  expect(Object.hasOwn(followed, 'query')).toBe(true)
  expect(followed instanceof pg.Client).toBe(true)
  followed.release()
  expect(Object.hasOwn(client, 'query')).toBe(false)
  expect(() => followed.release()).toThrow('already been released')
})

test('a client answers as without a listener', async () => {
  pool.events.on('execution', note)
  const client = await pool.connect()
  expect((await client.query('select $1::int as n', [7])).rows).toEqual([{ n: 7 }])
  const config = { text: 'select $1::int as n', values: [8], rowMode: 'array' as const }
  expect((await client.query(config)).rows).toEqual([[8]])
  expect(config).toEqual({ text: 'select $1::int as n', values: [8], rowMode: 'array' })
  const called = (...args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const done = (error: Error | undefined, result: pg.QueryResult): void =>
        error ? reject(error) : resolve(result.rows)
      const given = args.length === 0 ? [{ text: 'select 9 as n', callback: done }] : [...args, done]
      expect(Reflect.apply(client.query as () => unknown, client, given)).toBeUndefined()
    })
  expect(await called('select 9 as n')).toEqual([{ n: 9 }])
  expect(await called('select $1::int as n', [9])).toEqual([{ n: 9 }])
  expect(await called()).toEqual([{ n: 9 }])
  expect(() => client.query(undefined as never)).toThrow(TypeError)
  const failed = await client.query('select 1 / 0').catch((error: Error) => error)
  expect(failed).toMatchObject({ code: '22012' })
  expect((failed as Error).stack).toContain('single-node.test.ts')
  const rows: unknown[] = []
  for await (const row of client.query(new QueryStream('select id from items order by id limit 2')))
    rows.push(row)
  expect(rows).toEqual([{ id: 1 }, { id: 2 }])
  client.release()
  expect(executions.map(({ error, operation }) => [operation, error?.message])).toEqual([
    ...Array.from({ length: 5 }, () => ['SELECT', undefined]),
    ['SELECT', 'SQLSTATE 22012'],
    ['SELECT', undefined],
  ])
})

describe("the application's own query() may ignore callbacks", () => {
  class PromisesOnly extends pg.Client {
    override query(...args: unknown[]): never {
      return Reflect.apply(pg.Client.prototype.query, this, args.slice(0, 2)) as never
    }
  }
  const answered = async (own: Pool): Promise<unknown> => {
    own.events.on('execution', note)
    const client = await own.connect()
    const { rows } = await client.query('select $1::int as n', [1])
    await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
    client.release()
    await own.end()
    expect(executions.map(({ error, rowCount }) => [rowCount, error?.message])).toEqual([
      [1, undefined],
      [undefined, 'SQLSTATE 22012'],
    ])
    return rows
  }

  test('as a method of its client class', async () => {
    expect(await answered(open({ Client: PromisesOnly as unknown as typeof pg.Client }))).toEqual([{ n: 1 }])
  })

  test('as a function that a hook has set', async () => {
    const own = open()
    own.on('connect', (client) => {
      const query = client.query.bind(client) as (text: string, values?: unknown[]) => unknown
      Object.assign(client, { query: async (text: string, values?: unknown[]) => query(text, values) })
    })
    expect(await answered(own)).toEqual([{ n: 1 }])
  })

  test('as a function that takes its callback in second place', async () => {
    const client = await pool.connect()
    const query = client.query.bind(client) as (text: string, done: unknown) => unknown
    Object.assign(client, { query: (text: string, done: unknown) => query(text, done) })
    client.release()
    pool.events.on('execution', note)
    const again = await pool.connect()
    expect(await new Promise((resolve) => again.query('select 1', resolve))).toBeFalsy()
    again.release()
    expect(executions).toHaveLength(1)
  })
})

test('a function that a tool sets for good on a followed client counts no statement twice', async () => {
  pool.events.on('execution', note)
  const client = await pool.connect()
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const wrapper = (...args: unknown[]): unknown => query(...args)
  Object.assign(client, { query: wrapper })
  await client.query('select 1')
  client.release()
  const again = await pool.connect()
  expect(again).toBe(client)
  await again.query('select 2')
  again.release()
  expect(Reflect.get(client, 'query')).toBe(wrapper)
  expect(executions).toHaveLength(2)
})

test('an error of a followed client that nobody handles is reported', async () => {
  pool.events.on('execution', note)
  const client = await pool.connect()
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  try {
    const unhandled = once(process, 'unhandledRejection')
    void client.query('select 1 / 0')
    expect(await unhandled).toMatchObject([{ code: '22012' }, {}])
  } finally {
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
  client.release()
})

test('a second release of a client is no return of the connection', async () => {
  const own = open({ max: 1 })
  let returned = 0
  own.events.on('connectionReturned', () => (returned += 1))
  const { release } = await own.connect()
  release()
  const client = await own.connect()
  expect(() => release()).toThrow('already been released')
  expect(returned).toBe(1)
  client.release()
  expect(returned).toBe(2)
  await own.end()
})

test('a node with a name has it in all metrics', async () => {
  const own = open({ name: 'eu' })
  const register = new Registry()
  const collected = prometheusMetrics({ pools: { shop: own }, register })
  const client = await own.connect()
  client.release()
  const named = [...(await register.metrics()).matchAll(/^(\w+)\{.*node="([^"]*)"/gm)]
  expect(new Set(named.map(([, , id]) => id))).toEqual(new Set(['eu']))
  expect(named.map(([, name]) => name)).toEqual(
    expect.arrayContaining(['db_client_connection_count', 'db_client_connection_use_time_seconds_count']),
  )
  collected.stop()
  await own.end()
})

test('transactions, clients of a tenant and pool.primary have events, and settings of the library have none', async () => {
  pool.events.on('execution', note)
  await pool.transaction((client) => client.query('update items set label = label where id = 1'))
  await pool.withSession({ settings: { 'app.tenant': '7' } }, async () => {
    const client = await pool.connect()
    const { rows } = await client.query("select current_setting('app.tenant') as tenant")
    expect(rows).toEqual([{ tenant: '7' }])
    client.release()
    await pool.query("select current_setting('app.tenant')")
  })
  await pool.primary.query('select 1')
  await pool.primary.end()
  expect(executions.map(({ summary }) => summary)).toEqual([
    'BEGIN',
    'UPDATE items',
    'COMMIT',
    'SELECT',
    'SELECT',
    'SELECT',
  ])
})

test('connections have events: opened, leased, returned and waited for too long', async () => {
  const seen: string[] = []
  const own = open({ max: 1, connectionTimeoutMillis: 100 })
  const sees = (name: string) => (event: { readonly node: string }) => {
    expect(event.node).toBe(node)
    seen.push(name)
  }
  const checkout = tracingChannel('pg-switchyard:checkout')
  const leased = (message: unknown): void =>
    void seen.push(`leased ${Reflect.get(message as object, 'node')}`)
  checkout.asyncEnd.subscribe(leased)
  own.events.on('connectionOpened', sees('connectionOpened'))
  own.events.on('connectionReturned', sees('connectionReturned'))
  own.events.on('connectionTimedOut', sees('connectionTimedOut'))
  const client = await own.connect()
  await expect(own.query('select 1')).rejects.toThrow('timeout')
  client.release()
  await own.query('select 1')
  const Class = Reflect.get(own, 'Client') as typeof pg.Client
  class Inheriting extends Class {}
  expect(new Inheriting()).toBeInstanceOf(Inheriting)
  await own.end()
  checkout.asyncEnd.unsubscribe(leased)
  expect(seen).toEqual([
    'connectionOpened',
    `leased ${node}`,
    'connectionTimedOut',
    `leased ${node}`,
    'connectionReturned',
    `leased ${node}`,
    'connectionReturned',
  ])
})

test('stats() has its traffic from the first listener on', async () => {
  await pool.query('select 1')
  expect(pool.stats()).toEqual({ nodes: [], catalog: 'builtin', reads: 0, offload: 0 })
  pool.events.on('execution', note)
  await pool.query('select label from items')
  await pool.query('with changed as (update items set label = label returning id) select * from changed')
  const client = await pool.connect()
  await client.query('select 1')
  client.release()
  const { nodes, traffic } = pool.stats()
  expect(nodes).toEqual([])
  expect(traffic).toMatchObject({ selects: 2, offload: 0, onPrimary: [], retries: {}, spills: {} })
  expect(Object.keys(traffic?.latencies ?? {})).toEqual([node])
  expect(traffic?.latencies[node]?.count).toBe(3)
})

test('a statement that waits for a connection has that wait', async () => {
  const own = open({ max: 1 })
  const waits: QueryExecution['waits'][] = []
  own.events.on('execution', ({ waits: each }) => waits.push(each))
  const client = await own.connect()
  const waiting = own.query('select 1')
  await client.query('select pg_sleep(0.01)')
  client.release()
  await waiting
  await own.end()
  expect(waits[0]).toEqual([])
  expect(waits[1]).toMatchObject([{ reason: 'connection' }])
  expect(own.stats().traffic?.waits.connection?.count).toBe(1)
})
