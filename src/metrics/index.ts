import {
  Counter,
  Gauge,
  Histogram,
  register as defaultRegister,
  type Metric,
  type Registry,
} from 'prom-client'
import { checkPools, feed, readAll, type MeasuredPools } from './feed.ts'
import {
  ALL_INSTRUMENTS,
  DURATION_BUCKETS,
  type AttributeName,
  type Instrument,
  type InstrumentName,
} from './instruments.ts'
import { labelName, metricName } from './prometheus-names.ts'
import type { Attributes } from './samples.ts'

export type { MeasuredPool, MeasuredPools } from './feed.ts'

/** Options of {@link prometheusMetrics}. */
export interface PrometheusOptions {
  /** The pools, by the names that they have in the label `pool`. */
  readonly pools: MeasuredPools
  /** Registry that serves the metrics. @defaultValue the default registry of `prom-client` */
  readonly register?: Registry
}

/** Metrics that are being collected. */
export interface CollectedMetrics {
  /** Ends the collection and removes the metrics from their registry. */
  stop(): void
}

type Labels = Record<string, string>

/**
 * Collects metrics of pools with `prom-client`. The number of time series is bounded, whatever statements and errors
 * come.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION when `pools` has no pool. An error of `prom-client` when the
 * registry already has metrics of these names.
 * @example
 * import { register } from 'prom-client'
 * prometheusMetrics({ pools: { shop: pool } })
 * app.get('/metrics', async (_request, response) => response.type(register.contentType).send(await register.metrics()))
 */
export function prometheusMetrics({
  pools,
  register = defaultRegister,
}: PrometheusOptions): CollectedMetrics {
  checkPools(pools)
  const made = ALL_INSTRUMENTS.map(
    ([name, instrument]) => [name, create(name, instrument, pools, register)] as const,
  )
  const written = new Map<InstrumentName, Metric>(made)
  const end = feed(pools, ({ attributes, instrument, value }, pool) => {
    const metric = written.get(instrument)
    const labels = labelsOf(attributes, pool)
    if (metric instanceof Histogram) metric.observe(labels, value)
    else if (metric instanceof Counter) metric.inc(labels, value)
  })
  return {
    stop() {
      end()
      for (const [name, instrument] of ALL_INSTRUMENTS)
        register.removeSingleMetric(metricName(name, instrument))
    },
  }
}

function create(
  name: InstrumentName,
  instrument: Instrument,
  pools: MeasuredPools,
  register: Registry,
): Metric {
  const { attributes, description, kind } = instrument
  const common = {
    name: metricName(name, instrument),
    help: description,
    labelNames: ['pool', ...attributes.map(labelName)],
    registers: [register],
  }
  switch (kind) {
    case 'histogram':
      return new Histogram({ ...common, buckets: [...DURATION_BUCKETS] })
    case 'counter':
      return new Counter(common)
    case 'total': {
      return new Counter({
        ...common,
        collect() {
          this.reset()
          readEach(pools, name, (labels, value) => this.inc(labels, value))
        },
      })
    }
    case 'gauge':
      return new Gauge({
        ...common,
        collect() {
          // Nodes that are gone must not keep their last value.
          this.reset()
          readEach(pools, name, (labels, value) => this.set(labels, value))
        },
      })
  }
}

function readEach(
  pools: MeasuredPools,
  name: InstrumentName,
  take: (labels: Labels, value: number) => void,
): void {
  readAll(pools, ({ attributes, instrument, value }, pool) => {
    if (instrument === name) take(labelsOf(attributes, pool), value)
  })
}

function labelsOf(attributes: Attributes, pool: string): Labels {
  const labels: Labels = { pool }
  for (const [name, value] of Object.entries(attributes)) labels[labelName(name as AttributeName)] = value
  return labels
}
