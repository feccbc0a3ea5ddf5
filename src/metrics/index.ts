import { Counter, Gauge, register as defaultRegister, type Metric, type Registry } from 'prom-client'
import { DistributionMetric } from './distribution-metric.ts'
import { Distribution, type Durations } from './distribution.ts'
import { checkPools, feed, type Feed, type MeasuredPools } from './feed.ts'
import { ALL_INSTRUMENTS, type AttributeName, type Instrument, type InstrumentName } from './instruments.ts'
import { labelName, metricName } from './prometheus-names.ts'
import type { Attributes } from './samples.ts'

export type { MeasuredPool, MeasuredPools } from './feed.ts'

/**
 * Options of {@link prometheusMetrics}.
 *
 * @example
 * const options: PrometheusOptions = { pools: { shop: pool } }
 */
export interface PrometheusOptions {
  /** The pools, by the names that they have in the label `pool`. */
  readonly pools: MeasuredPools
  /** Registry that serves the metrics. @defaultValue the default registry of `prom-client` */
  readonly register?: Registry
}

/**
 * Metrics that are being collected.
 *
 * @example
 * const metrics: CollectedMetrics = prometheusMetrics({ pools: { shop: pool } })
 * metrics.stop()
 */
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
  const histograms = new Map<InstrumentName, DistributionMetric>()
  const durations = (pool: string, name: InstrumentName, attributes: Attributes): Durations => {
    const distribution = new Distribution()
    histograms.get(name)?.series.push({ labels: labelsOf(attributes, pool), distribution })
    return distribution
  }
  const fed = feed(pools, durations)
  const readings = oncePerScrape(fed)
  try {
    for (const [name, instrument] of ALL_INSTRUMENTS) {
      const metric = create(name, instrument, readings, register)
      if (metric instanceof DistributionMetric) histograms.set(name, metric)
    }
  } catch (error) {
    fed.end()
    throw error
  }
  return {
    stop() {
      fed.end()
      for (const [name, instrument] of ALL_INSTRUMENTS)
        register.removeSingleMetric(metricName(name, instrument))
    },
  }
}

type Reading = readonly [labels: Labels, value: number]
type Readings = () => ReadonlyMap<InstrumentName, readonly Reading[]>

/** Reads all values when the first metric asks. A registry asks for all metrics in one go. */
function oncePerScrape(fed: Feed): Readings {
  let known: Map<InstrumentName, Reading[]> | undefined
  return () => {
    if (known !== undefined) return known
    const read = new Map<InstrumentName, Reading[]>()
    fed.read(({ attributes, instrument, value }, pool) => {
      const reading: Reading = [labelsOf(attributes, pool), value]
      const others = read.get(instrument)
      if (others === undefined) read.set(instrument, [reading])
      else others.push(reading)
    })
    known = read
    queueMicrotask(() => (known = undefined))
    return read
  }
}

function create(
  name: InstrumentName,
  instrument: Instrument,
  readings: Readings,
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
      return new DistributionMetric(common)
    case 'counter':
      return new Counter({
        ...common,
        collect() {
          this.reset()
          for (const [labels, value] of readings().get(name) ?? []) this.inc(labels, value)
        },
      })
    case 'gauge':
      return new Gauge({
        ...common,
        collect() {
          // Nodes that are gone must not keep their last value.
          this.reset()
          for (const [labels, value] of readings().get(name) ?? []) this.set(labels, value)
        },
      })
  }
}

function labelsOf(attributes: Attributes, pool: string): Labels {
  const labels: Labels = { pool }
  for (const [name, value] of Object.entries(attributes)) labels[labelName(name as AttributeName)] = value
  return labels
}
