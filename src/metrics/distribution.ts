import { DURATION_BUCKETS } from './instruments.ts'

/** Receives durations of one series. */
export interface Durations {
  add(seconds: number): void
}

/** Counts durations in the buckets of all histograms. */
export class Distribution implements Durations {
  /** One count for each bucket. The last bucket has no bound. */
  readonly #counts: number[] = [...DURATION_BUCKETS.map(() => 0), 0]
  count = 0
  sum = 0
  /** Shortest and longest duration. Without durations, `min` is the greater one. */
  min: number = Infinity
  max = 0

  add(seconds: number): void {
    this.count += 1
    this.sum += seconds
    if (seconds < this.min) this.min = seconds
    if (seconds > this.max) this.max = seconds
    let index = 0
    while (seconds > (DURATION_BUCKETS[index] ?? Infinity)) index += 1
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
  }

  /** Number of durations in each bucket. The last one has those above all bounds. */
  counts(): number[] {
    return [...this.#counts]
  }

  /** Number of durations up to each bound, those of the lower bounds included. */
  cumulated(): readonly (readonly [bound: number, count: number])[] {
    let count = 0
    return DURATION_BUCKETS.map((bound, index) => [bound, (count += this.#counts[index] ?? 0)] as const)
  }
}
