import { Histogram } from '../../src/cli/demo/histogram.ts'

export interface Latencies {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** How long things took. */
export class Timings {
  readonly #histogram = new Histogram()
  #maxMs = 0

  get count(): number {
    return this.#histogram.count
  }

  record(ms: number): void {
    this.#histogram.record(ms)
    this.#maxMs = Math.max(this.#maxMs, ms)
  }

  latencies(): Latencies {
    return {
      p50Ms: rounded(this.#histogram.quantile(0.5)),
      p99Ms: rounded(this.#histogram.quantile(0.99)),
      maxMs: rounded(this.#maxMs),
    }
  }
}

export function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
