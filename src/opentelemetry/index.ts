import { metrics, trace, type MeterProvider, type TracerProvider } from '@opentelemetry/api'
import { checkNames, invalid } from '../config/validate.ts'
import { checkPools, type MeasuredPools } from '../metrics/feed.ts'
import { recordMetrics, SCOPE } from './meters.ts'
import { addToProducer, type MetricProducer } from './metric-producer.ts'
import { Spans } from './spans.ts'

export type { MeasuredPool, MeasuredPools } from '../metrics/feed.ts'
export { metricProducer, type MetricProducer } from './metric-producer.ts'
export type { ProducedMetrics } from './produced.ts'

/**
 * Options of {@link instrument}.
 *
 * @example
 * const options: OpenTelemetryOptions = { pools: { shop: pool }, queryText: false }
 */
export interface OpenTelemetryOptions {
  /** The pools whose metrics are recorded, by the names that they have there. @defaultValue none: spans only */
  readonly pools?: MeasuredPools
  /** Whether each statement of the process gets a span. @defaultValue true */
  readonly spans?: boolean
  /** Whether spans have the statement's text, without its constants. @defaultValue true */
  readonly queryText?: boolean
  /** Receives the spans. @defaultValue the global one */
  readonly tracerProvider?: TracerProvider
  /** Receives the metrics. @defaultValue the global one */
  readonly meterProvider?: MeterProvider
  /**
   * Gives the metrics to the SDK's metric readers, in place of `meterProvider`. Quicker; see `metricProducer()`.
   * @defaultValue `meterProvider` receives them
   */
  readonly metricProducer?: MetricProducer
}

/**
 * Spans and metrics that are being recorded.
 *
 * @example
 * const instrumentation: Instrumentation = instrument()
 * instrumentation.stop()
 */
export interface Instrumentation {
  /** Ends the recording. */
  stop(): void
}

const OPTIONS: ReadonlySet<string> = new Set([
  'pools',
  'spans',
  'queryText',
  'tracerProvider',
  'meterProvider',
  'metricProducer',
])

/** Spans are those of all pools of the process, so they are recorded once. */
let areSpansRecorded = false

/**
 * Records spans of all statements that this process sends to pools, and metrics of the given pools, with
 * OpenTelemetry. Call it after the SDK has been started; a second call has to say `spans: false`. No span and no metric
 * holds a parameter or a constant of a statement.
 *
 * @throws SwitchyardError SWITCHYARD_UNKNOWN_OPTION or SWITCHYARD_INVALID_OPTION.
 * @example
 * const instrumentation = instrument({ pools: { shop: pool } })
 */
export function instrument(options: OpenTelemetryOptions = {}): Instrumentation {
  checkNames(options, OPTIONS, 'instrument()')
  const { pools, queryText = true, spans = true, tracerProvider = trace } = options
  for (const [name, value] of Object.entries({ spans, queryText })) {
    if (typeof value !== 'boolean') throw invalid(`Option "${name}" of instrument() must be true or false`)
  }
  if (pools !== undefined) checkPools(pools)
  if (spans && areSpansRecorded) {
    throw invalid('instrument() already records spans: stop it first, or pass spans: false to record metrics')
  }
  if (pools === undefined && options.metricProducer !== undefined) {
    throw invalid('Option "metricProducer" of instrument() needs "pools", whose metrics it gives')
  }
  const endMetrics = pools === undefined ? undefined : startMetrics(pools, options)
  const tracing = spans ? new Spans(tracerProvider.getTracer(SCOPE), { hasText: queryText }) : undefined
  tracing?.start()
  areSpansRecorded ||= spans
  let isStopped = false
  return {
    stop() {
      if (isStopped) return
      isStopped = true
      tracing?.stop()
      endMetrics?.()
      if (spans) areSpansRecorded = false
    },
  }
}

function startMetrics(
  pools: MeasuredPools,
  { meterProvider, metricProducer }: OpenTelemetryOptions,
): () => void {
  if (metricProducer === undefined) return recordMetrics((meterProvider ?? metrics).getMeter(SCOPE), pools)
  if (meterProvider === undefined) return addToProducer(metricProducer, pools)
  throw invalid('Options "meterProvider" and "metricProducer" of instrument() exclude each other')
}
