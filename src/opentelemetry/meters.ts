import type { BatchObservableResult, Histogram, Meter, Observable } from '@opentelemetry/api'
import { feed, type MeasuredPools } from '../metrics/feed.ts'
import { ALL_INSTRUMENTS, DURATION_BUCKETS, type InstrumentName } from '../metrics/instruments.ts'
import type { Attributes } from '../metrics/samples.ts'

/** Name of the instrumentation. */
export const SCOPE = 'pg-switchyard'

/** Records the metrics of these pools with a meter. Returns a function that ends it. */
export function recordMetrics(meter: Meter, pools: MeasuredPools): () => void {
  const histograms = new Map<InstrumentName, Histogram>()
  const observables = new Map<InstrumentName, Observable>()
  for (const [name, { description, kind, unit }] of ALL_INSTRUMENTS) {
    const options = { description, unit }
    if (kind === 'histogram') {
      const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] }
      histograms.set(name, meter.createHistogram(name, { ...options, advice }))
    } else if (kind === 'counter') observables.set(name, meter.createObservableCounter(name, options))
    else observables.set(name, meter.createObservableGauge(name, options))
  }
  const fed = feed(pools, (pool, instrument, attributes) => {
    const histogram = histograms.get(instrument)
    const named = withPool(attributes, pool)
    return { add: (seconds) => histogram?.record(seconds, named) }
  })
  const observe = (result: BatchObservableResult): void =>
    fed.read(({ attributes, instrument, value }, pool) => {
      const observable = observables.get(instrument)
      if (observable !== undefined) result.observe(observable, value, withPool(attributes, pool))
    })
  const all = [...observables.values()]
  meter.addBatchObservableCallback(observe, all)
  return () => {
    fed.end()
    meter.removeBatchObservableCallback(observe, all)
  }
}

/** Adds the name of the pool. */
export function withPool(attributes: Attributes, pool: string): Attributes {
  return { ...attributes, 'db.client.connection.pool.name': pool }
}
