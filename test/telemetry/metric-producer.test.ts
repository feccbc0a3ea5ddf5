import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricProducer as MetricProducerOfTheSdk,
} from '@opentelemetry/sdk-metrics'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { ALL_INSTRUMENTS } from '../../src/metrics/instruments.ts'
import { instrument, metricProducer } from '../../src/opentelemetry/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(20))
  pool = poolOver(cluster, { max: 2 })
  await replicasReady(pool)
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

type Metrics = ReturnType<InMemoryMetricExporter['getMetrics']>[number]['scopeMetrics'][number]['metrics']

/** Exports once, with the SDK's own metrics and those of these producers. */
function exported(...metricProducers: MetricProducerOfTheSdk[]): {
  readonly meterProvider: MeterProvider
  readonly metrics: () => Promise<Metrics>
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    metricProducers,
  })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const metrics = async (): Promise<Metrics> => {
    exporter.reset()
    await reader.forceFlush()
    const [{ scopeMetrics } = { scopeMetrics: [] }] = exporter.getMetrics()
    return scopeMetrics.filter(({ scope }) => scope.name === 'pg-switchyard').flatMap((each) => each.metrics)
  }
  return { meterProvider, metrics }
}

/** Everything but times, in no order of the series. */
function shown(metrics: Metrics): Record<string, unknown> {
  const entries = metrics.map(
    ({ aggregationTemporality, dataPointType, dataPoints, descriptor, ...more }) => {
      const { description, name, unit, valueType } = descriptor
      const isSteady = !name.startsWith('switchyard.node.lag') && !name.startsWith('switchyard.node.wal')
      const points = dataPoints.map(({ attributes, value }) => ({ attributes, value: isSteady ? value : 0 }))
      const key = ({ attributes }: { readonly attributes: object }): string =>
        JSON.stringify(attributes, Object.keys(attributes).toSorted())
      points.sort((a, b) => (key(a) < key(b) ? -1 : 1))
      const isMonotonic = Reflect.get(more, 'isMonotonic') as unknown
      const about = { description, unit, valueType, aggregationTemporality, dataPointType, isMonotonic }
      return [name, { ...about, points }] as const
    },
  )
  return Object.fromEntries(entries)
}

it('gives the same metrics as the meters of the SDK', async () => {
  const byMeter = exported()
  const producer = metricProducer()
  const byProducer = exported(producer)
  const recordings = [
    instrument({ pools: { shop: pool }, spans: false, meterProvider: byMeter.meterProvider }),
    instrument({ pools: { shop: pool }, spans: false, metricProducer: producer }),
  ]
  for (let id = 0; id < 20; id += 1) await pool.query('select label from items where id = $1', [id])
  await pool.query('insert into items values (1)').catch(() => {})
  await pool.query('select pg_sleep(0.02)')
  const clients = [await pool.connect(), await pool.connect()]
  for (const client of clients) await client.query('begin')
  const waiting = pool.query('update items set label = label where id = 1')
  await until('it waits', () => pool.waitingCount > 0)
  for (const client of clients) {
    await client.query('commit')
    client.release()
  }
  await waiting
  const [meters, produced] = await Promise.all([byMeter.metrics(), byProducer.metrics()])
  const names = meters.map(({ descriptor }) => descriptor.name)
  expect(names).toEqual(
    expect.arrayContaining(['db.client.operation.duration', 'db.client.connection.wait_time']),
  )
  expect(shown(produced)).toEqual(shown(meters))
  for (const { dataPoints } of produced) {
    for (const { endTime, startTime } of dataPoints) {
      expect(Number.isInteger(startTime[0]) && Number.isInteger(startTime[1])).toBe(true)
      expect(endTime[0] * 1e9 + endTime[1]).toBeGreaterThanOrEqual(startTime[0] * 1e9 + startTime[1])
    }
  }
  for (const recording of recordings) recording.stop()
  expect(await byProducer.metrics()).toEqual([])
  expect(pool.events.listenerCount('execution')).toBe(0)
  await Promise.all([byMeter.meterProvider.shutdown(), byProducer.meterProvider.shutdown()])
})

it('several calls share one producer, each metric is given once, in the order of the reference', async () => {
  const producer = metricProducer()
  const { meterProvider, metrics } = exported(producer)
  const other = poolOver(cluster, { max: 1 })
  await replicasReady(other)
  const first = instrument({ pools: { shop: pool }, spans: false, metricProducer: producer })
  const second = instrument({ pools: { other }, spans: false, metricProducer: producer })
  await Promise.all([pool.query('select 1'), other.query('select 1')])
  const names = (await metrics()).map(({ descriptor }) => descriptor.name)
  expect(names).toEqual(
    ALL_INSTRUMENTS.map(([name]) => name as string).filter((name) => names.includes(name)),
  )
  const poolsOf = async (): Promise<unknown> => {
    const durations = (await metrics()).find(
      ({ descriptor }) => descriptor.name === 'db.client.operation.duration',
    )
    return durations?.dataPoints.map(({ attributes }) => attributes['db.client.connection.pool.name'])
  }
  expect(await poolsOf()).toEqual(['shop', 'other'])
  first.stop()
  expect(await poolsOf()).toEqual(['other'])
  second.stop()
  await other.end()
  await meterProvider.shutdown()
})

it('a pool whose statistics fail is an error of the collection, beside the metrics of others', async () => {
  const producer = metricProducer()
  const cause = new Error('no statistics')
  const stats = (): never => {
    throw cause
  }
  const broken = { events: pool.events, stats }
  const recordings = [{ broken }, { shop: pool }].map((pools) =>
    instrument({ pools, spans: false, metricProducer: producer }),
  )
  const { errors, resourceMetrics } = await producer.collect()
  expect(errors).toEqual([cause])
  const [{ metrics } = { metrics: [] }] = resourceMetrics.scopeMetrics
  expect(metrics.map(({ descriptor }) => descriptor.name)).toContain('switchyard.node.state')
  for (const recording of recordings) recording.stop()
})

it.each([
  ['a producer that is not its own', { metricProducer: { collect: async () => ({}) } }],
  [
    'a producer and a meter provider',
    { metricProducer: metricProducer(), meterProvider: new MeterProvider() },
  ],
])('refuses %s', (_, options) => {
  expect(() => instrument({ pools: { shop: pool }, spans: false, ...options } as never)).toThrow(
    expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }),
  )
})

it('refuses a producer without pools', () => {
  expect(() => instrument({ spans: false, metricProducer: metricProducer() })).toThrow(/needs "pools"/)
})
