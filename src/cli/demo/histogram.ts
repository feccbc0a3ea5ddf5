/** Buckets an octave: neighbours differ by 4.4 %, so a quantile is at most 2.2 % off. */
const PER_OCTAVE = 16
const OCTAVES = 32
/** Lower bound of the first bucket, in milliseconds. */
const SMALLEST_MS = 0.001

/** Counts durations in buckets of equal relative width: constant memory, from a microsecond to over an hour. */
export class Histogram {
  readonly #buckets = new Uint32Array(PER_OCTAVE * OCTAVES)
  #count = 0

  get count(): number {
    return this.#count
  }

  record(durationMs: number): void {
    const index = Math.floor(Math.log2(Math.max(durationMs, SMALLEST_MS) / SMALLEST_MS) * PER_OCTAVE)
    const bucket = Math.min(index, this.#buckets.length - 1)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count += 1
  }

  /**
   * The duration in milliseconds that the share `q` (0 to 1) of all recorded ones does not exceed; 0 while there is
   * none.
   */
  quantile(q: number): number {
    if (this.#count === 0) return 0
    const rank = Math.max(1, Math.ceil(q * this.#count))
    let seen = 0
    const found = this.#buckets.findIndex((count) => {
      seen += count
      return seen >= rank
    })
    return SMALLEST_MS * 2 ** ((found + 0.5) / PER_OCTAVE)
  }
}
