import { Histogram, type MetricConfiguration } from 'prom-client'
import type { Distribution } from './distribution.ts'
import { DURATION_BUCKETS } from './instruments.ts'

/** The durations that have these labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly distribution: Distribution
}

/** A value as prom-client writes it. */
interface Value {
  readonly labels: Record<string, string | number>
  readonly value: number
  readonly metricName: string
}

interface Collected {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly values: Value[]
  readonly aggregator: 'sum'
}

/**
 * A histogram of prom-client that is read from distributions when it is collected. To observe each duration would
 * look up its labels each time.
 */
export class DistributionMetric extends Histogram {
  readonly series: Series[] = []
  readonly #about: Pick<Collected, 'help' | 'name'>

  constructor(about: MetricConfiguration<string>) {
    super({ ...about, buckets: [...DURATION_BUCKETS] })
    this.#about = { name: about.name, help: about.help }
  }

  override async get(): Promise<never> {
    return this.getForPromString() as Promise<never>
  }

  /** Called by registries in place of `get`. */
  async getForPromString(): Promise<Collected> {
    const { help, name } = this.#about
    const values = this.series.flatMap(({ distribution, labels }) => valuesOf(name, labels, distribution))
    return { name, help, type: 'histogram', values, aggregator: 'sum' }
  }
}

function valuesOf(name: string, labels: Series['labels'], distribution: Distribution): Value[] {
  const { count, sum } = distribution
  const bucket = (le: number | string, value: number): Value => ({
    labels: { le, ...labels },
    value,
    metricName: `${name}_bucket`,
  })
  return [
    ...distribution.cumulated().map(([bound, value]) => bucket(bound, value)),
    bucket('+Inf', count),
    { labels: { ...labels }, value: sum, metricName: `${name}_sum` },
    { labels: { ...labels }, value: count, metricName: `${name}_count` },
  ]
}
