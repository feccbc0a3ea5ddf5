import { build } from 'hdr-histogram-js'

export interface Latencies {
  readonly count: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

const MICROSECONDS = 1000
const LONGEST_MS = 60_000

/** How long things took, to three digits, in an HDR histogram. */
export class LatencyRecorder {
  readonly #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_MS * MICROSECONDS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  })

  record(ms: number): void {
    this.#histogram.recordValue(
      Math.min(Math.max(1, Math.round(ms * MICROSECONDS)), LONGEST_MS * MICROSECONDS),
    )
  }

  /** @param digits Decimal places of the milliseconds. */
  latencies(digits = 2): Latencies {
    const histogram = this.#histogram
    const at = (percentile: number): number =>
      rounded(histogram.getValueAtPercentile(percentile) / MICROSECONDS, digits)
    return {
      count: histogram.totalCount,
      meanMs: rounded(histogram.mean / MICROSECONDS, digits),
      p50Ms: at(50),
      p95Ms: at(95),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: rounded(histogram.maxValue / MICROSECONDS, digits),
    }
  }
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
