import { ValueType, type HrTime } from '@opentelemetry/api'
import { invalid } from '../config/validate.ts'
import { asError } from '../errors/as-error.ts'
import { Distribution } from '../metrics/distribution.ts'
import { feed, type MeasuredPools } from '../metrics/feed.ts'
import {
  ALL_INSTRUMENTS,
  DURATION_BUCKETS,
  INSTRUMENTS,
  type InstrumentName,
} from '../metrics/instruments.ts'
import type { Attributes } from '../metrics/samples.ts'
import { systemPlatform } from '../platform/system.ts'
import { SCOPE, withPool } from './meters.ts'
import {
  CUMULATIVE,
  Kind,
  NO_RESOURCE,
  type HistogramValue,
  type Point,
  type ProducedMetric,
  type ProducedMetrics,
} from './produced.ts'

/**
 * A source of metrics for the metric readers of OpenTelemetry's SDK, as their option `metricProducers` takes it.
 *
 * @example
 * const producer: MetricProducer = metricProducer()
 */
export interface MetricProducer {
  /**
   * Returns the metrics of the pools that `instrument()` has added. Counts begin with that call, those of nodes with
   * their pool.
   */
  collect(): Promise<ProducedMetrics>
}

/** Receives one value of one series. */
interface Take {
  value(instrument: InstrumentName, point: Point<number>): void
  distribution(instrument: InstrumentName, point: Point<HistogramValue>): void
}

/** Gives the values of some pools. */
type Source = (take: Take, endTime: HrTime) => void

const sources = new WeakMap<MetricProducer, Set<Source>>()

/**
 * Creates a source of metrics for the metric readers of OpenTelemetry's SDK. Durations are added to counts of the
 * library itself, which takes a tenth of the time of a histogram of the SDK. The metrics are the same, always
 * cumulative, and without the views of the SDK.
 *
 * @example
 * const producer = metricProducer()
 * // new PeriodicExportingMetricReader({ exporter, metricProducers: [producer] })
 * instrument({ pools: { shop: pool }, metricProducer: producer })
 */
export function metricProducer(): MetricProducer {
  const own = new Set<Source>()
  const producer: MetricProducer = {
    async collect() {
      const errors: unknown[] = []
      const metrics = metricsOf(own, errors)
      const scopeMetrics = [{ scope: { name: SCOPE }, metrics }]
      return { resourceMetrics: { resource: NO_RESOURCE, scopeMetrics }, errors }
    },
  }
  sources.set(producer, own)
  return producer
}

/**
 * Adds the metrics of these pools to a producer. Returns a function that removes them.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION for another producer than one of `metricProducer()`.
 */
export function addToProducer(producer: MetricProducer, pools: MeasuredPools): () => void {
  const own = sources.get(producer)
  if (own === undefined)
    throw invalid('Option "metricProducer" of instrument() must be made by metricProducer()')
  const startTime = now()
  const series: { instrument: InstrumentName; attributes: Attributes; distribution: Distribution }[] = []
  const fed = feed(pools, (pool, instrument, attributes) => {
    const distribution = new Distribution()
    series.push({ instrument, attributes: withPool(attributes, pool), distribution })
    return distribution
  })
  const source: Source = (take, endTime) => {
    for (const { attributes, distribution, instrument } of series) {
      const value = valueOf(distribution)
      take.distribution(instrument, { startTime, endTime, attributes, value })
    }
    fed.read(({ attributes, instrument, value }, pool) =>
      take.value(instrument, { startTime, endTime, attributes: withPool(attributes, pool), value }),
    )
  }
  own.add(source)
  return () => {
    own.delete(source)
    fed.end()
  }
}

/** @param errors Receives the errors of pools. A reader whose producer fails exports nothing at all. */
function metricsOf(own: ReadonlySet<Source>, errors: unknown[]): ProducedMetric[] {
  const values = new Map<InstrumentName, Point<number>[]>()
  const distributions = new Map<InstrumentName, Point<HistogramValue>[]>()
  const take: Take = {
    value: (instrument, point) => append(values, instrument, point),
    distribution: (instrument, point) => append(distributions, instrument, point),
  }
  const endTime = now()
  for (const source of own) {
    try {
      source(take, endTime)
    } catch (error) {
      errors.push(asError(error))
    }
  }
  return ALL_INSTRUMENTS.flatMap(([name]) => metricOf(name, values.get(name), distributions.get(name)))
}

/** Returns nothing for a metric without values. */
function metricOf(
  name: InstrumentName,
  values: Point<number>[] = [],
  distributions: Point<HistogramValue>[] = [],
): ProducedMetric[] {
  const { description, kind, unit } = INSTRUMENTS[name]
  if (values.length === 0 && distributions.length === 0) return []
  const descriptor = { name, description, unit, valueType: ValueType.DOUBLE }
  const common = { descriptor, aggregationTemporality: CUMULATIVE } as const
  switch (kind) {
    case 'histogram':
      return [{ ...common, dataPointType: Kind.histogram, dataPoints: distributions }]
    case 'counter':
      return [{ ...common, dataPointType: Kind.sum, isMonotonic: true, dataPoints: values }]
    case 'gauge':
      return [{ ...common, dataPointType: Kind.gauge, dataPoints: values }]
  }
}

function valueOf(distribution: Distribution): HistogramValue {
  const { count, max, min, sum } = distribution
  return {
    buckets: { boundaries: [...DURATION_BUCKETS], counts: distribution.counts() },
    count,
    sum,
    ...(count === 0 ? {} : { min, max }),
  }
}

function append<Value>(lists: Map<InstrumentName, Value[]>, name: InstrumentName, value: Value): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [value])
  else list.push(value)
}

function now(): HrTime {
  const ms = systemPlatform.wallNowMs()
  return [Math.trunc(ms / 1000), Math.round((ms % 1000) * 1_000_000)]
}
