import { DURATION_BUCKETS } from './instruments.ts'

/** Receives durations of one series. */
export interface Durations {
  add(seconds: number): void
}

/** Counts durations in the buckets of all histograms. */
export class Distribution implements Durations {
  readonly #counts: number[] = DURATION_BUCKETS.map(() => 0)
  count = 0
  sum = 0

  add(seconds: number): void {
    this.count += 1
    this.sum += seconds
    for (let index = 0; index < DURATION_BUCKETS.length; index += 1) {
      if (seconds > (DURATION_BUCKETS[index] ?? 0)) continue
      this.#counts[index] = (this.#counts[index] ?? 0) + 1
      return
    }
  }

  /** Number of durations up to each bound, those of the lower bounds included. */
  cumulated(): readonly (readonly [bound: number, count: number])[] {
    let count = 0
    return DURATION_BUCKETS.map((bound, index) => [bound, (count += this.#counts[index] ?? 0)] as const)
  }
}
