import { context, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import pg from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { instrument, type Instrumentation } from '../../src/opentelemetry/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

const SECRET = 'x7secret'
let cluster: Cluster
let pool: Pool
let instrumentation: Instrumentation
const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = tracerProvider.getTracer('application')

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(20))
  pool = poolOver(cluster, { max: 4 })
  await replicasReady(pool)
})

beforeEach(() => {
  instrumentation = instrument({ tracerProvider })
  exporter.reset()
})

afterEach(() => instrumentation.stop())

afterAll(async () => {
  context.disable()
  await pool?.end()
  await cluster?.stop()
})

/** Runs a program inside of a span, and returns that span and those of the library. */
async function traced(program: () => Promise<unknown>): Promise<{ parent: Span; spans: ReadableSpan[] }> {
  const parent = tracer.startSpan('request')
  await context.with(trace.setSpan(context.active(), parent), program)
  parent.end()
  const spans = exporter.getFinishedSpans().filter(({ name }) => name !== 'request')
  return { parent, spans }
}

const isChildOf = (parent: Span) => (span: ReadableSpan) =>
  span.parentSpanContext?.spanId === parent.spanContext().spanId

describe('each statement has one span', () => {
  const client = async <T>(fn: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const taken = await pool.connect()
    try {
      return await fn(taken)
    } finally {
      taken.release()
    }
  }
  const READ = 'select label from items where id = $1'

  it.each<[string, string[], () => Promise<unknown>]>([
    ['a read', ['SELECT items'], () => pool.query(READ, [1])],
    [
      'many reads at once',
      Array(20).fill('SELECT items'),
      () => Promise.all(Array.from({ length: 20 }, (_, i) => pool.query(READ, [i]))),
    ],
    ['a named read', ['SELECT items'], () => pool.query({ name: 'by_id', text: READ, values: [1] })],
    ['a write', ['UPDATE items'], () => pool.query('update items set label = $1 where id = 2', [SECRET])],
    ['a client', ['SELECT items'], () => client((taken) => taken.query(READ, [1]))],
    [
      'a transaction',
      ['BEGIN', 'SELECT items', 'UPDATE items', 'COMMIT'],
      () =>
        client(async (taken) => {
          await taken.query('begin')
          await taken.query(READ, [1])
          await taken.query('update items set label = label where id = $1', [1])
          await taken.query('commit')
        }),
    ],
    [
      'a stream',
      ['SELECT items'],
      () =>
        client(async (taken) => {
          for await (const _row of taken.query(new QueryStream('select * from items'))) continue
        }),
    ],
    [
      'a cursor',
      ['SELECT items'],
      () =>
        client(async (taken) => {
          const cursor = taken.query(new Cursor('select * from items'))
          await cursor.read(5)
          await cursor.close()
        }),
    ],
    ['a callback', ['SELECT items'], () => new Promise((resolve) => pool.query(READ, [1], resolve))],
  ])('%s', async (_, names, program) => {
    const { parent, spans } = await traced(program)
    expect(spans.map(({ name }) => name)).toEqual(names)
    expect(spans.every(isChildOf(parent))).toBe(true)
    expect(spans.every(({ kind }) => kind === SpanKind.CLIENT)).toBe(true)
  })
})

it('the span says which server answered, and why', async () => {
  const { spans } = await traced(() => pool.query('select label from items where id = 1'))
  const ports = cluster.replicas.map(({ config }) => config.port)
  expect(ports).toContain(spans[0]?.attributes['server.port'])
  expect(spans[0]?.attributes).toMatchObject({
    'db.system.name': 'postgresql',
    'db.namespace': 'postgres',
    'db.query.summary': 'SELECT items',
    'db.query.text': expect.stringContaining('where id = ?'),
    'db.operation.name': 'SELECT',
    'db.collection.name': 'items',
    'db.response.returned_rows': 1,
    'switchyard.role': 'replica',
    'switchyard.reason': 'read',
    'switchyard.statement.kind': 'read',
  })
})

it('a failure is shown by its SQLSTATE, and no value is', async () => {
  const { spans } = await traced(() =>
    pool.query(`insert into items values (1, '${SECRET}'), ($1, $2)`, [1, SECRET]).catch(() => {}),
  )
  expect(spans[0]?.status.code).toBe(SpanStatusCode.ERROR)
  expect(spans[0]?.attributes).toMatchObject({ 'error.type': '23505', 'db.response.status_code': '23505' })
  expect(
    JSON.stringify(spans.map(({ attributes, events, status }) => [attributes, events, status])),
  ).not.toContain(SECRET)
})

it('the span is active for what node-postgres does, and not for the caller', async () => {
  const query = pg.Client.prototype.query
  const seen: (string | undefined)[] = []
  let after: string | undefined
  pg.Client.prototype.query = function (this: pg.Client, ...args: never[]) {
    seen.push(trace.getActiveSpan()?.spanContext().spanId)
    return Reflect.apply(query, this, args)
  } as typeof query
  try {
    const { parent, spans } = await traced(async () => {
      await pool.query('update items set label = label where id = 3')
      after = trace.getActiveSpan()?.spanContext().spanId
    })
    expect(seen).toContain(spans[0]?.spanContext().spanId)
    expect(after).toBe(parent.spanContext().spanId)
  } finally {
    pg.Client.prototype.query = query
  }
})

it('without text, where it is not wanted; without spans after stop()', async () => {
  instrumentation.stop()
  instrumentation = instrument({ tracerProvider, queryText: false })
  const { spans } = await traced(() => pool.query('select 1'))
  expect([spans.length, spans[0]?.attributes['db.query.text']]).toEqual([1, undefined])
  instrumentation.stop()
  exporter.reset()
  expect((await traced(() => pool.query('select 1'))).spans).toEqual([])
})

it('the metrics of a pool are recorded', async () => {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const recording = instrument({ meterProvider, pools: { shop: pool }, spans: false })
  // Tests before have written.
  await replicasReady(pool)
  for (let i = 0; i < 10; i++) await pool.query('select label from items where id = $1', [i])
  await pool.query('insert into items values (1)').catch(() => {})
  await reader.forceFlush()
  recording.stop()
  const found = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  const points = (name: string): readonly { attributes: object; value: unknown }[] =>
    found.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  const durations = points('db.client.operation.duration')
  const counted = durations.map(({ attributes, value }) => [
    Reflect.get(attributes, 'switchyard.role'),
    Reflect.get(attributes, 'error.type'),
    (value as { count: number }).count,
  ])
  const reads = counted
    .filter(([role]) => role === 'replica')
    .reduce((sum, [, , count]) => sum + Number(count), 0)
  expect(reads).toBe(10)
  expect(counted).toContainEqual(['primary', '23505', 1])
  expect(points('switchyard.node.lag').length).toBe(2)
  expect(points('switchyard.node.state').length).toBe(3)
  expect(points('switchyard.offload')[0]?.attributes).toEqual({ 'db.client.connection.pool.name': 'shop' })
  await meterProvider.shutdown()
})

it('a second call is refused while spans are recorded, and works after stop()', () => {
  expect(() => instrument({ tracerProvider })).toThrow(
    expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }),
  )
  instrumentation.stop()
  instrumentation = instrument({ tracerProvider })
})

it.each([{ spans: 1 }, { pools: {} }, { pool: {} }])('refuses %j', (options) => {
  expect(() => instrument(options as never)).toThrow(/option/i)
})
