import type { Server } from 'node:http'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Registry } from 'prom-client'
import type { Pool } from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import { instrument, metricProducer } from '../../src/opentelemetry/index.ts'
import { median } from '../support/interleave.ts'

/** One way of watching a pool. */
interface Mode {
  readonly name: string
  /** Begins to watch. Returns a function that ends it. */
  readonly start: () => () => void
  /** Runs the statement. @defaultValue the plain one */
  readonly once?: () => Promise<unknown>
}

/** The cost of watching a pool in one way, compared with a pool that nothing watches. */
export interface WatchingCost {
  readonly name: string
  /** Throughput over that without, the median of all rounds. */
  readonly ratio: number
  /** CPU time of this process for one statement beyond that without, in microseconds, the median of all rounds. */
  readonly cpuMicroseconds: number
}

export interface WatchingFigures {
  readonly callers: number
  /** CPU time of this process for one statement without observers, in microseconds. */
  readonly cpuMicroseconds: number
  readonly costs: readonly WatchingCost[]
  /**
   * CPU time of spans for one statement beyond that of the SDK alone, in microseconds, the median of all rounds. The
   * latter is that of a span of the application with the same attributes.
   */
  readonly spansBeyondSdkMicroseconds: number
}

interface Round {
  readonly perSecond: number
  readonly cpuMicroseconds: number
}

const OWN_SPAN = "a span of the application's own"
const SPANS = 'spans of OpenTelemetry'

const nothing = (): void => {}

/** A span processor that drops what it gets: the cost of exporting is that of the exporter. */
const DROPS: SpanProcessor = {
  onStart: nothing,
  onEnd: nothing,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
}

/**
 * Measures the cost of a pool's events, metrics, page and spans, in rounds of all modes in turn. The page and the
 * metrics are requested once in each round.
 */
export async function watchingCosts(
  pool: Pool,
  once: () => Promise<unknown>,
  options: { readonly callers: number; readonly rounds: number; readonly roundMs: number },
): Promise<WatchingFigures> {
  const { callers, roundMs, rounds } = options
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [DROPS] })
  const page = createServer(pool.dashboard()).listen(0, '127.0.0.1')
  const modes: readonly Mode[] = [
    { name: 'nothing', start: () => nothing },
    { name: 'a listener of "execution"', start: () => listen(pool) },
    { name: 'metrics for Prometheus', start: () => prometheus(pool) },
    { name: 'metrics of OpenTelemetry', start: () => openTelemetryMetrics(pool) },
    { name: 'metrics of OpenTelemetry by a producer', start: () => producedMetrics(pool) },
    { name: 'the page', start: () => look(page) },
    {
      name: 'metrics for Prometheus, a listener and the page',
      start: () =>
        all(
          () => listen(pool),
          () => prometheus(pool),
          () => look(page),
        ),
    },
    {
      name: 'metrics of OpenTelemetry by a producer, a listener and the page',
      start: () =>
        all(
          () => listen(pool),
          () => producedMetrics(pool),
          () => look(page),
        ),
    },
    {
      name: OWN_SPAN,
      start: () => nothing,
      once: () => inSpan(tracerProvider, once),
    },
    { name: SPANS, start: () => spans(tracerProvider) },
  ]
  const measured = new Map<string, Round[]>(modes.map(({ name }) => [name, []]))
  for (let round = -1; round < rounds; round += 1) {
    // Each mode comes behind each other one in turn.
    const order = round % 2 === 0 ? modes : modes.toReversed()
    for (const mode of order) {
      const result = await run(mode, once, callers, roundMs)
      if (round >= 0) measured.get(mode.name)?.push(result)
    }
  }
  page.close()
  page.closeAllConnections()
  context.disable()
  const base = measured.get('nothing') ?? []
  const cpuOf = (name: string): readonly number[] =>
    (measured.get(name) ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds)
  const ofOwnSpans = cpuOf(OWN_SPAN)
  const costs = modes.slice(1).map(({ name }): WatchingCost => {
    const pairs = (measured.get(name) ?? []).map((each, at) => [each, base[at] ?? each] as const)
    return {
      name,
      ratio: median(pairs.map(([each, without]) => each.perSecond / without.perSecond)),
      cpuMicroseconds: median(pairs.map(([each, without]) => each.cpuMicroseconds - without.cpuMicroseconds)),
    }
  })
  return {
    callers,
    cpuMicroseconds: median(cpuOf('nothing')),
    costs,
    spansBeyondSdkMicroseconds: median(cpuOf(SPANS).map((each, at) => each - (ofOwnSpans[at] ?? each))),
  }
}

async function run(
  { once, start }: Mode,
  plain: () => Promise<unknown>,
  callers: number,
  roundMs: number,
): Promise<Round> {
  const work = once ?? plain
  const end = start()
  let statements = 0
  const before = process.cpuUsage()
  const startedAtMs = performance.now()
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAtMs < roundMs) {
      await work()
      statements += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const elapsedMs = performance.now() - startedAtMs
  const { system, user } = process.cpuUsage(before)
  end()
  return { perSecond: (statements * 1000) / elapsedMs, cpuMicroseconds: (system + user) / statements }
}

function listen(pool: Pool): () => void {
  pool.events.on('execution', nothing)
  return () => pool.events.off('execution', nothing)
}

function prometheus(pool: Pool): () => void {
  const register = new Registry()
  const collected = prometheusMetrics({ pools: { shop: pool }, register })
  void register.metrics()
  return () => collected.stop()
}

function openTelemetryMetrics(pool: Pool): () => void {
  const meterProvider = meters()
  const recorded = instrument({ pools: { shop: pool }, spans: false, meterProvider })
  return () => {
    recorded.stop()
    void meterProvider.shutdown()
  }
}

function producedMetrics(pool: Pool): () => void {
  const producer = metricProducer()
  const meterProvider = meters(producer)
  const recorded = instrument({ pools: { shop: pool }, spans: false, metricProducer: producer })
  return () => {
    recorded.stop()
    void meterProvider.shutdown()
  }
}

function meters(...metricProducers: MetricProducer[]): MeterProvider {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  return new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, metricProducers })] })
}

function look(page: Server): () => void {
  const { port } = page.address() as AddressInfo
  get({ host: '127.0.0.1', port, path: '/data' }, (response) => response.resume())
  return nothing
}

function spans(tracerProvider: BasicTracerProvider): () => void {
  const recorded = instrument({ tracerProvider })
  return () => recorded.stop()
}

/** The cost of the SDK alone: one span with the same attributes, which is active while the statement runs. */
function inSpan(tracerProvider: BasicTracerProvider, once: () => Promise<unknown>): Promise<unknown> {
  const span = tracerProvider.getTracer('application').startSpan('SELECT products', {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'db.query.summary': 'SELECT products',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'products',
      'db.query.text': 'select id, label, price from products where id = $1',
    },
  })
  return context.with(trace.setSpan(context.active(), span), once).then(() => {
    span.setAttributes({
      'server.address': '127.0.0.1',
      'server.port': 5432,
      'db.response.returned_rows': 1,
      'switchyard.node': '127.0.0.1:5432',
      'switchyard.role': 'replica',
      'switchyard.reason': 'read',
      'switchyard.statement.kind': 'read',
      'switchyard.statement.reason': 'select',
      'switchyard.lag_ms': 0,
    })
    span.end()
  })
}

function all(...starts: readonly (() => () => void)[]): () => void {
  const ends = starts.map((start) => start())
  return () => ends.forEach((end) => end())
}
