import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { EventStream } from '../../src/observability/event-stream.ts'
import { Traffic } from '../../src/observability/traffic.ts'
import { Tracer } from '../../src/observability/tracer.ts'
import type { Done } from '../../src/nodes/exchange.ts'
import { Query } from '../../src/nodes/query.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import type { PoolStats } from '../../src/observability/stats.ts'
import type { QueryPlan } from '../../src/selection/query-plan.ts'
import { PENDING } from '../../src/topology/node.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import { Registry } from 'prom-client'
import { WITHOUT_TEXT } from '../../src/statement/without-text.ts'

/** CPU time and memory that the events of single statements take, without and with a listener, for each statement. */
const RUNS = 2_000_000
const SQL = 'select id, label, price from products where id = $1'

const stream = new EventStream('pool')
const tracer = new Tracer({
  stream,
  platform: systemPlatform,
  database: 'shop',
  addressOf: () => ({ address: '127.0.0.1', port: 5432 }),
})
const traffic = new Traffic()
const read = { ...WITHOUT_TEXT, kind: 'read', reason: 'select', mayWrite: false } as const
const route = { role: 'replica', reason: 'read', freshness: {} } as const
const node: NodeView = {
  id: '127.0.0.1:5432',
  weight: 1,
  role: 'replica',
  state: PENDING,
  lag: { bytes: 0, freshAsOfMs: 0 },
}
const plan: QueryPlan = { steps: [{ node, reason: 'replica' }], rejected: [] }
const decided = { statement: read, route, plan }
const result = { rowCount: 1 }
const done = (): void => {}
let answers = 0

function statement(): void {
  const query = new Query(SQL, [], {}, true, SQL, undefined)
  const start = (answered: Done): void => {
    answers += 1
    query.trace?.decided(decided)
    query.trace?.sent(node)
    answered(undefined, result)
  }
  if (tracer.isOn) tracer.run(query, done, start)
  else start(done)
}

function counted(): void {
  const sinceMs = systemPlatform.now()
  traffic.decided(read, SQL, route)
  traffic.answered('a', systemPlatform.now() - sinceMs)
}

function bare(): void {
  const query = new Query(SQL, [], {}, true, SQL, undefined)
  const start = (answered: () => void): void => {
    answers += 1
    answered()
  }
  if (query.canPipeline) start(done)
}

function measure(name: string, once: () => void): void {
  for (let run = 0; run < RUNS / 10; run += 1) once()
  const rounds = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage()
    for (let run = 0; run < RUNS / 5; run += 1) once()
    const { system, user } = process.cpuUsage(before)
    return ((system + user) * 1000) / (RUNS / 5)
  })
  global.gc?.()
  const { heapUsed } = process.memoryUsage()
  for (let run = 0; run < 10_000; run += 1) once()
  const bytes = (process.memoryUsage().heapUsed - heapUsed) / 10_000
  console.log(`${name}: ${Math.min(...rounds).toFixed(0)} ns, ${bytes.toFixed(0)} bytes for a statement`)
}

measure('no events', bare)
measure('events without a listener', statement)
measure('statistics', counted)
const register = new Registry()
const pool = {
  events: stream.events,
  stats: (): PoolStats => ({ nodes: [], catalog: 'builtin', reads: 0, offload: 0 }),
}
const collected = prometheusMetrics({ pools: { shop: pool }, register })
measure('metrics for Prometheus', statement)
collected.stop()
const heard = (): void => {}
subscribe('pg-switchyard:execution', heard)
measure('a listener of "execution"', statement)
unsubscribe('pg-switchyard:execution', heard)
tracingChannel('pg-switchyard:query').subscribe({ start: heard, asyncEnd: heard } as never)
measure('a subscriber of the tracing channel', statement)
if (answers === 0) throw new Error('Nothing ran')
