import type { BatchObservableResult, Counter, Histogram, Meter, Observable } from '@opentelemetry/api'
import { feed, readAll, type MeasuredPools } from '../metrics/feed.ts'
import { ALL_INSTRUMENTS, DURATION_BUCKETS, type InstrumentName } from '../metrics/instruments.ts'
import type { Attributes } from '../metrics/samples.ts'

/** Records the metrics of these pools with a meter. Returns a function that ends it. */
export function recordMetrics(meter: Meter, pools: MeasuredPools): () => void {
  const histograms = new Map<InstrumentName, Histogram>()
  const counters = new Map<InstrumentName, Counter>()
  const observables = new Map<InstrumentName, Observable>()
  for (const [name, { description, kind, unit }] of ALL_INSTRUMENTS) {
    const options = { description, unit }
    if (kind === 'histogram') {
      const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] }
      histograms.set(name, meter.createHistogram(name, { ...options, advice }))
    } else if (kind === 'counter') counters.set(name, meter.createCounter(name, options))
    else if (kind === 'total') observables.set(name, meter.createObservableCounter(name, options))
    else observables.set(name, meter.createObservableGauge(name, options))
  }
  const end = feed(pools, ({ attributes, instrument, value }, pool) => {
    const named = withPool(attributes, pool)
    counters.get(instrument)?.add(value, named)
    histograms.get(instrument)?.record(value, named)
  })
  const observe = (result: BatchObservableResult): void =>
    readAll(pools, ({ attributes, instrument, value }, pool) => {
      const observable = observables.get(instrument)
      if (observable !== undefined) result.observe(observable, value, withPool(attributes, pool))
    })
  const all = [...observables.values()]
  meter.addBatchObservableCallback(observe, all)
  return () => {
    end()
    meter.removeBatchObservableCallback(observe, all)
  }
}

function withPool(attributes: Attributes, pool: string): Attributes {
  return { ...attributes, 'db.client.connection.pool.name': pool }
}
