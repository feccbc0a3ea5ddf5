import { EventEmitter } from 'node:events'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { RouterEventEmitter, RouterEvents } from '../observability/events.ts'
import type { QueryExecution } from '../observability/statement-events.ts'
import type { PoolStats } from '../observability/stats.ts'
import { prometheusMetrics } from './index.ts'
import { ALL_INSTRUMENTS, type AttributeName } from './instruments.ts'
import { metricName } from './prometheus-names.ts'
import { PoolMeter, type MakeDurations } from './pool-meter.ts'
import { readingsOf } from './samples.ts'

const execution = (fields: object = {}): QueryExecution => ({
  id: 1,
  pool: 'h:5432/shop',
  database: 'shop',
  operation: 'SELECT',
  reason: 'read',
  node: 'r:5432',
  role: 'replica',
  address: 'r',
  port: 5432,
  waits: [],
  retries: [],
  durationMs: 12,
  ...fields,
})

const connections = { total: 3, idle: 1, waiting: 2 }
const node = {
  id: 'r:5432',
  role: 'replica',
  state: 'replica',
  lagBytes: 10,
  lagMs: 20,
  queries: 7,
  reads: 5,
  byRole: [{ role: 'replica', queries: 7, reads: 5 }],
}
const STATS = { nodes: [{ ...node, connections }], offload: 0.75 } as unknown as PoolStats

function fakePool(stats: () => PoolStats = () => STATS): {
  events: RouterEventEmitter
  stats: () => PoolStats
  options: { max: number }
} {
  return { events: new EventEmitter<RouterEvents>(), stats, options: { max: 10 } }
}

/** A meter, with everything that it has measured. */
function meterWithDurations(): {
  meter: PoolMeter
  durations: Parameters<MakeDurations>[]
  seconds: number[]
} {
  const durations: Parameters<MakeDurations>[] = []
  const seconds: number[] = []
  const meter = new PoolMeter((...of) => {
    durations.push(of)
    return { add: (value) => void seconds.push(value) }
  })
  return { meter, durations, seconds }
}

const FAILED = Object.assign(new Error('SQLSTATE 23505'), { code: '23505' })

it('a statement gives its duration, its route and what happened on the way', () => {
  const { durations, meter, seconds } = meterWithDurations()
  const eventful = execution({
    waits: [{ reason: 'catch-up', durationMs: 30 }],
    retries: [{ node: 'x', reason: 'node' }],
    repair: { node: 'x', reason: 'statement' },
    spill: 'sooner',
    error: FAILED,
  })
  meter.add(eventful)
  meter.add(execution())
  expect(seconds).toEqual([0.012, 0.03, 0.012])
  const usual = {
    'db.system.name': 'postgresql',
    'db.operation.name': 'SELECT',
    'server.address': 'r',
    'server.port': '5432',
    'switchyard.role': 'replica',
  }
  expect(durations).toEqual([
    ['db.client.operation.duration', { ...usual, 'error.type': '23505' }],
    ['switchyard.wait.duration', { 'switchyard.reason': 'catch-up' }],
    ['db.client.operation.duration', usual],
  ])
  expect(
    [...meter.readings()].map(({ attributes, instrument, value }) => [instrument, value, attributes]),
  ).toEqual([
    ['switchyard.statements', 2, { 'switchyard.reason': 'read', 'switchyard.role': 'replica' }],
    ['switchyard.retries', 1, { 'switchyard.reason': 'node' }],
    ['switchyard.repairs', 1, { 'switchyard.reason': 'statement' }],
    ['switchyard.spills', 1, { 'switchyard.reason': 'sooner' }],
  ])
})

it('the counters of a node that was promoted stay with its former role, and begin with 0 in the present one', () => {
  const byRole = [
    { role: 'replica', queries: 7, reads: 5 },
    { role: 'primary', queries: 2, reads: 1 },
  ]
  const stats = {
    ...STATS,
    nodes: [{ ...node, role: 'primary', byRole, connections }],
  } as unknown as PoolStats
  const counters = readingsOf(stats).filter(({ instrument }) => /statements|reads/.test(instrument))
  expect(counters.map(({ attributes, value }) => [attributes['switchyard.role'], value])).toEqual([
    ['replica', 7],
    ['replica', 5],
    ['primary', 2],
    ['primary', 1],
  ])
})

it('the number of different attributes is bounded', () => {
  const { durations, meter } = meterWithDurations()
  const seen = new Map<AttributeName, Set<string>>()
  for (let i = 0; i < 12_000; i++) {
    const error = Object.assign(new Error(''), { code: `X${i}` })
    meter.add(execution({ operation: `OP${i}`, address: `h${i}`, port: i, error }))
    // Discovery may find new addresses for as long as the process runs.
    meter.opened({ node: `n${i}`, durationMs: 1 })
    meter.returned({ node: `n${i}`, waitedMs: 1, usedMs: 1 })
  }
  const made = [
    ...durations.map(([, attributes]) => attributes),
    ...[...meter.readings()].map(({ attributes }) => attributes),
  ]
  for (const [name, value] of made.flatMap((attributes) => Object.entries(attributes))) {
    const values = seen.get(name as AttributeName) ?? new Set()
    seen.set(name as AttributeName, values.add(value))
  }
  for (const values of seen.values()) expect(values.size).toBeLessThanOrEqual(101)
  expect([...(seen.get('db.operation.name') ?? [])]).toEqual(['other'])
})

it('each sample has attributes of its instrument, and no others', () => {
  const instruments = new Map(ALL_INSTRUMENTS)
  const { durations, meter } = meterWithDurations()
  meter.add(execution({ error: FAILED }))
  const made = [...meter.readings(), ...readingsOf(STATS, { max: 10, min: 2 })].map(
    ({ attributes, instrument }) => [instrument, attributes] as const,
  )
  for (const [instrument, attributes] of [...made, ...durations]) {
    expect(instruments.get(instrument)?.attributes).toEqual(expect.arrayContaining(Object.keys(attributes)))
  }
})

it('lag that is not known is absent, and not zero', () => {
  const unknown = { ...STATS, nodes: [{ ...STATS.nodes[0], lagMs: undefined, lagBytes: undefined }] }
  const names = readingsOf(unknown as PoolStats, { max: 10 }).map(({ instrument }) => instrument)
  expect(names).not.toContain('switchyard.node.lag')
  expect(names).not.toContain('switchyard.node.wal_behind')
})

it('prom-client serves them under names of Prometheus, and nothing after stop()', async () => {
  const register = new Registry()
  const pool = fakePool()
  const collected = prometheusMetrics({ pools: { shop: pool }, register })
  pool.events.emit('execution', execution())
  pool.events.emit('tokenRejected', { reason: 'expired' } as never)
  const text = await register.metrics()
  for (const line of [
    'db_client_operation_duration_seconds_bucket{le="0.05",pool="shop",system_name="postgresql",operation_name="SELECT",role="replica",server_address="r",server_port="5432"} 1',
    'db_client_operation_duration_seconds_bucket{le="+Inf",pool="shop",system_name="postgresql",operation_name="SELECT",role="replica",server_address="r",server_port="5432"} 1',
    'db_client_operation_duration_seconds_sum{pool="shop",system_name="postgresql",operation_name="SELECT",role="replica",server_address="r",server_port="5432"} 0.012',
    'switchyard_statements_total{pool="shop",reason="read",role="replica"} 1',
    'switchyard_tokens_rejected_total{pool="shop",reason="expired"} 1',
    'switchyard_events_total{pool="shop",event="tokenRejected"} 1',
    'switchyard_node_lag_seconds{pool="shop",node="r:5432"} 0.02',
    'switchyard_node_wal_behind_bytes{pool="shop",node="r:5432"} 10',
    'switchyard_node_state{pool="shop",node="r:5432",role="replica",state="replica"} 1',
    'switchyard_node_reads_total{pool="shop",node="r:5432",role="replica"} 5',
    'switchyard_offload_ratio{pool="shop"} 0.75',
    'db_client_connection_count{pool="shop",node="r:5432",state="used"} 2',
  ]) {
    expect(text).toContain(line)
  }
  for (const [name, instrument] of ALL_INSTRUMENTS)
    expect(text).toContain(`# HELP ${metricName(name, instrument)} `)
  collected.stop()
  expect(await register.metrics()).toBe('\n')
  expect(pool.events.listenerCount('execution')).toBe(0)
})

it('a registry that has metrics of these names is refused, and the pool keeps no listener for it', () => {
  const register = new Registry()
  const first = fakePool()
  const second = fakePool()
  prometheusMetrics({ pools: { shop: first }, register })
  expect(() => prometheusMetrics({ pools: { shop: second }, register })).toThrow('already been registered')
  expect(second.events.eventNames()).toEqual([])
  expect(first.events.listenerCount('execution')).toBe(1)
})

it.each([
  [{ host: 'db', port: 5433 }, 'db:5433'],
  [{ connectionString: 'postgres://app:secret@db:5433/shop' }, 'db:5433'],
  [{ connectionString: 'postgres://app@db/shop' }, 'db:5432'],
])('the connections of a pool of one node are those of its server: %j', async (options, id) => {
  const register = new Registry()
  const none = { nodes: [], offload: 0 } as unknown as PoolStats
  const pool = { ...fakePool(() => none), options, totalCount: 2, idleCount: 1, waitingCount: 0 }
  prometheusMetrics({ pools: { shop: pool }, register })
  const text = await register.metrics()
  expect(text).toContain(`db_client_connection_count{pool="shop",node="${id}",state="idle"} 1`)
  expect(text).not.toContain('switchyard_offload_ratio{')
})

it('a node that is gone has no series any more', async () => {
  const register = new Registry()
  let stats = STATS
  prometheusMetrics({ pools: { shop: fakePool(() => stats) }, register })
  expect(await register.metrics()).toContain('switchyard_node_lag_seconds{')
  stats = { ...STATS, nodes: [] }
  expect(await register.metrics()).not.toContain('node="r:5432"')
})

it.each([undefined, {}, { shop: {} }, { shop: 5 }])('pools: %j is refused', (pools) => {
  const options = { pools, register: new Registry() } as unknown as Parameters<typeof prometheusMetrics>[0]
  expect(() => prometheusMetrics(options)).toThrow(
    expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }),
  )
})
