import type { Platform } from '../platform/platform.ts'

/** Retries that each statement earns. */
const PER_STATEMENT = 0.2
/** Retries that each second earns, so that little traffic can be retried, too. */
const PER_SECOND = 10
/** The most that can be saved up. Enough for every read that was under way when a server died. */
const CAPACITY = 1000

/**
 * Bounds retries to a share of the traffic, so that an outage is not multiplied: a bucket that statements and time fill,
 * and retries empty. Begins full. The scheme is that of Finagle's retry budgets.
 */
export class RetryBudget {
  readonly #platform: Platform
  #saved = CAPACITY
  #filledAtMs: number

  constructor(platform: Platform) {
    this.#platform = platform
    this.#filledAtMs = platform.now()
  }

  /** A statement is sent for the first time. */
  earn(): void {
    if (this.#saved < CAPACITY) this.#saved += PER_STATEMENT
  }

  /** True when one more retry may be made; it is counted. */
  spend(): boolean {
    const nowMs = this.#platform.now()
    const earned = ((nowMs - this.#filledAtMs) / 1000) * PER_SECOND
    this.#saved = Math.min(CAPACITY, this.#saved + earned)
    this.#filledAtMs = nowMs
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }
}
