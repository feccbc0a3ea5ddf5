/** The latest entries, up to a bound. */
export class Latest<Entry> {
  readonly #most: number
  readonly #entries: Entry[] = []
  /** Index of the oldest entry once the bound is reached. */
  #oldest = 0

  constructor(most: number) {
    this.#most = most
  }

  add(entry: Entry): void {
    if (this.#entries.length < this.#most) this.#entries.push(entry)
    else {
      this.#entries[this.#oldest] = entry
      this.#oldest = (this.#oldest + 1) % this.#most
    }
  }

  /** The entries, the oldest first. */
  all(): readonly Entry[] {
    return [...this.#entries.slice(this.#oldest), ...this.#entries.slice(0, this.#oldest)]
  }

  newestFirst(): readonly Entry[] {
    return this.all().toReversed()
  }
}

/** Percentiles of durations, in milliseconds. */
export interface Percentiles {
  /** Number of all durations. The percentiles are those of the latest 2,000. */
  readonly count: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

const MOST_DURATIONS = 2_000

/** Durations of statements. */
export class Durations {
  readonly #latest = new Latest<number>(MOST_DURATIONS)
  #count = 0

  add(ms: number): void {
    this.#count += 1
    this.#latest.add(ms)
  }

  report(): Percentiles {
    const sorted = this.#latest.all().toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
    return { count: this.#count, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
  }
}
