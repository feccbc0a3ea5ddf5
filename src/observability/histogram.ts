/** Upper bounds of the buckets, in milliseconds. The last bucket has none. */
const BOUNDS_MS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
]

/**
 * Distribution of durations.
 *
 * @example
 * const slowest = (latencies: Latencies) => latencies.p99Ms
 */
export interface Latencies {
  readonly count: number
  readonly sumMs: number
  /** Estimates from the buckets, in milliseconds. 0 without durations. */
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  /** Number of durations up to `leMs`, those of the earlier buckets included. The last bucket has all. */
  readonly buckets: readonly { readonly leMs: number; readonly count: number }[]
}

/** Counts durations in buckets of fixed bounds. */
export class Histogram {
  readonly #counts: number[] = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0)
  #count = 0
  #sumMs = 0
  #longestMs = 0

  add(ms: number): void {
    let index = 0
    while (index < BOUNDS_MS.length && ms > (BOUNDS_MS[index] ?? Infinity)) index += 1
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#count += 1
    this.#sumMs += ms
    if (ms > this.#longestMs) this.#longestMs = ms
  }

  report(): Latencies {
    let count = 0
    const buckets = this.#counts.map((own, index) => ({
      leMs: BOUNDS_MS[index] ?? Infinity,
      count: (count += own),
    }))
    return {
      count,
      sumMs: this.#sumMs,
      p50Ms: this.#percentile(0.5),
      p95Ms: this.#percentile(0.95),
      p99Ms: this.#percentile(0.99),
      buckets,
    }
  }

  /** Interpolates within the bucket. */
  #percentile(share: number): number {
    let before = 0
    for (const [index, own] of this.#counts.entries()) {
      const rank = share * this.#count - before
      if (own > 0 && rank <= own) {
        const lowMs = BOUNDS_MS[index - 1] ?? 0
        const highMs = Math.min(BOUNDS_MS[index] ?? Infinity, this.#longestMs)
        return lowMs + ((highMs - lowMs) * rank) / own
      }
      before += own
    }
    return 0
  }
}
