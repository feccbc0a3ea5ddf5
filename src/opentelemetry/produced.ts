import type { Attributes, HrTime, ValueType } from '@opentelemetry/api'

// The shape of the SDK's metrics. Its package is not imported, because the application may do without it.

/** `AggregationTemporality.CUMULATIVE` of the SDK. */
export const CUMULATIVE = 1 as const

/** `DataPointType` of the SDK. */
export const Kind = { histogram: 0, gauge: 2, sum: 3 } as const

/** One value of one series. */
export interface Point<Value> {
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly attributes: Attributes
  readonly value: Value
}

/** A distribution of durations in seconds. */
export interface HistogramValue {
  buckets: {
    boundaries: number[]
    counts: number[]
  }
  count: number
  sum: number
  min?: number
  max?: number
}

interface Described {
  readonly descriptor: {
    readonly name: string
    readonly description: string
    readonly unit: string
    readonly valueType: ValueType
  }
  readonly aggregationTemporality: typeof CUMULATIVE
}

interface ProducedHistogram extends Described {
  readonly dataPointType: typeof Kind.histogram
  readonly dataPoints: Point<HistogramValue>[]
}

interface ProducedGauge extends Described {
  readonly dataPointType: typeof Kind.gauge
  readonly dataPoints: Point<number>[]
}

interface ProducedSum extends Described {
  readonly dataPointType: typeof Kind.sum
  readonly isMonotonic: true
  readonly dataPoints: Point<number>[]
}

/** One metric with all its series. */
export type ProducedMetric = ProducedHistogram | ProducedGauge | ProducedSum

/** A resource without attributes. Metric readers put that of the SDK in its place. */
interface NoResource {
  readonly attributes: Attributes
  merge(other: NoResource | null): NoResource
  getRawAttributes(): []
}

export const NO_RESOURCE: NoResource = {
  attributes: {},
  merge: (other) => other ?? NO_RESOURCE,
  getRawAttributes: () => [],
}

/**
 * The metrics of a producer, in the shape of the SDK.
 *
 * @example
 * const { resourceMetrics, errors }: ProducedMetrics = await metricProducer().collect()
 */
export interface ProducedMetrics {
  resourceMetrics: {
    resource: NoResource
    scopeMetrics: { scope: { name: string }; metrics: ProducedMetric[] }[]
  }
  errors: unknown[]
}
