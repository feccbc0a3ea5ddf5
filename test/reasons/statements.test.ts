import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import type { QueryConfig } from 'pg'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLibpgQueryParser } from '../../src/index.ts'
import type {
  ConnectionOpened,
  ConnectionReturned,
  ConnectionTimedOut,
  DecisionEvent,
  Pool,
  PoolOptions,
} from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import { isPrimaryReason } from '../../src/observability/advice.ts'
import { EVENT_NAMES } from '../../src/observability/channels.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { poolOver } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { withClient } from '../support/transactions.ts'
import { Produced } from './produced.ts'
import { OBJECTS, SECRET, STATEMENTS } from './statement-texts.ts'

let cluster: Cluster
const open = poolsForTests(() => cluster, { logger: false })
const produced = Produced.inTests()
const messages: unknown[] = []
const note = (message: unknown): void => void messages.push(message)
const tracing = { start: note, end: note, asyncStart: note, asyncEnd: note, error: note }
const TRACING = ['query', 'connect', 'checkout'].map((name) => tracingChannel(`pg-switchyard:${name}`))

beforeAll(async () => {
  for (const name of EVENT_NAMES) subscribe(`pg-switchyard:${name}`, note)
  for (const channel of TRACING) channel.subscribe(tracing)
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(3),
    ...OBJECTS,
    'create database odd',
    'alter database odd set standard_conforming_strings = off',
  )
})

afterAll(async () => {
  for (const name of EVENT_NAMES) unsubscribe(`pg-switchyard:${name}`, note)
  for (const channel of TRACING) channel.unsubscribe(tracing)
  await cluster.stop()
})

function poolOverDatabase(database: string, options: PoolOptions = {}): Pool {
  const replicas = cluster.replicas.map(({ config }) => ({ ...config, database }))
  return poolOver(cluster, { database, replicas, ...options })
}

test('each statement has the reason of its text and of the catalog', async () => {
  const pool = await open({ declared: { functions: { kept: 'primaryOnly' } } })
  const decisions: DecisionEvent[] = []
  pool.events.on('decision', (decision) => decisions.push(decision))
  const client = await pool.connect()
  for (const [, sql] of STATEMENTS) await client.query(sql).catch(() => {})
  client.release(true)
  expect(decisions.map(({ statement }) => statement)).toEqual(STATEMENTS.map(([reason]) => reason))
  // Each of them that reads is counted by its reason.
  const counted = pool.stats().traffic?.onPrimary.map(({ reason }) => reason) ?? []
  const kept = new Set(STATEMENTS.map(([reason]) => reason).filter(isPrimaryReason))
  expect(counted.toSorted()).toEqual([...kept].toSorted())
})

test('a shape that a standby has rejected is no read any more', async () => {
  const pool = await open()
  await pool.query(`select ticket('${SECRET}')`)
  await until('the catalog is known again', () => pool.stats().catalog === 'loaded')
  await pool.query(`select ticket('${SECRET} again')`)
  expect(produced.has('Statements', 'refused-by-standby')).toBe(true)
})

test('a query object that names a prepared statement has no text to judge', async () => {
  const pool = await open()
  const query = { name: SECRET } as QueryConfig
  await pool.query(query).catch(() => {})
  expect(produced.has('Statements', 'unknown-statement')).toBe(true)
})

test('with other strings than those of the standard no text can be judged', async () => {
  const pool = poolOverDatabase('odd')
  await until('that is known', async () => {
    await pool.query(`select '${SECRET}'`)
    return produced.has('Statements', 'non-standard-strings')
  })
  await pool.end()
})

test('before the catalog is loaded, nothing is known of a relation', async () => {
  const pool = poolOverDatabase('template1', { catchUpTimeoutMs: 0 })
  await pool.query(`select * from missing where a = '${SECRET}'`).catch(() => {})
  await pool.end()
  expect(produced.has('Statements', 'catalog-pending')).toBe(true)
})

test('the first statement of a pool does not wait for the parser', async () => {
  const parser = createLibpgQueryParser()
  let loaded = (): void => {}
  const slow = {
    name: parser.name,
    isLoaded: false,
    analyze: (sql: string) => parser.analyze(sql),
    load: () => new Promise<void>((resolve) => (loaded = resolve)).then(() => parser.load()),
  }
  const pool = poolOver(cluster, { parser: slow })
  await pool.query(`select '${SECRET}'`)
  loaded()
  await pool.end()
  expect(produced.has('Statements', 'parser-loading')).toBe(true)
})

test('that is every kind and every reason, and no message holds a constant or a parameter', () => {
  expect(produced.missing('Kinds of statements')).toEqual([])
  expect(produced.missing('Statements')).toEqual([])
  expect(messages.length).toBeGreaterThan(200)
  for (const message of messages) {
    expect(inspect(message, { depth: 12, showHidden: true, maxArrayLength: null })).not.toContain(SECRET)
    expect(message).toHaveProperty('pool')
  }
})

test('connections have events with their times', async () => {
  const pool = poolOver(cluster)
  const opened: ConnectionOpened[] = []
  const returned: ConnectionReturned[] = []
  pool.events.on('connectionOpened', (event) => opened.push(event))
  pool.events.on('connectionReturned', (event) => returned.push(event))
  await pool.query('update items set label = label')
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select pg_sleep(0.02)')
  await client.query('commit')
  client.release()
  await until('they are returned', () => returned.some(({ usedMs }) => usedMs >= 20))
  const { id } = pool.stats().nodes[0] ?? {}
  expect(opened.find(({ node }) => node === id)?.durationMs).toBeGreaterThan(0)
  expect(returned.find(({ node }) => node === id)?.waitedMs).toBeGreaterThan(0)
  await pool.end()
})

test('a request for a connection that is given up has an event and a metric', async () => {
  const pool = poolOver(cluster, { max: 1, connectionTimeoutMillis: 500 })
  const register = new Registry()
  const metrics = prometheusMetrics({ pools: { shop: pool }, register })
  const timedOut: ConnectionTimedOut[] = []
  pool.events.on('connectionTimedOut', (event) => timedOut.push(event))
  await withClient(pool, async (client) => {
    await client.query('begin')
    await client.query('update items set label = label')
    await expect(pool.query('update items set label = label')).rejects.toThrow('timeout exceeded')
    await client.query('rollback')
  })
  const { id } = pool.stats().nodes[0] ?? {}
  expect(timedOut).toEqual([{ node: id, waitedMs: expect.any(Number) as number }])
  expect(timedOut[0]?.waitedMs).toBeGreaterThan(400)
  expect(await register.metrics()).toContain(
    `db_client_connection_timeouts_total{pool="shop",node="${id}"} 1`,
  )
  metrics.stop()
  await pool.end()
})

test('connections and leases have messages with their node and duration', async () => {
  messages.length = 0
  const pool = await open()
  await pool.query('update items set label = label')
  const { id } = pool.stats().nodes[0] ?? {}
  const ended = messages.filter(
    (message) =>
      Object.keys(message as object)
        .toSorted()
        .join() === 'durationMs,node,pool' && Reflect.get(message as object, 'node') === id,
  )
  // Each message is published at four moments.
  expect(new Set(ended).size).toBeGreaterThanOrEqual(2)
})
