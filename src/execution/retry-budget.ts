import type { Platform } from '../platform/platform.ts'

/** Retries that each statement earns. */
const PER_STATEMENT = 0.2
/** Retries that each second earns, so that retries work with little traffic too. */
const PER_SECOND = 10
/** Maximum balance. Enough for every read that was in flight when a server died. */
const CAPACITY = 1000

/**
 * Limits retries to a share of the traffic, so that they do not amplify an outage. It is a bucket that statements and
 * time fill, and that retries empty. Starts full. The scheme is that of Finagle's retry budgets.
 */
export class RetryBudget {
  readonly #platform: Platform
  #saved = CAPACITY
  #filledAtMs: number

  constructor(platform: Platform) {
    this.#platform = platform
    this.#filledAtMs = platform.now()
  }

  /** Records a statement that is sent for the first time. */
  earn(): void {
    if (this.#saved < CAPACITY) this.#saved += PER_STATEMENT
  }

  /** Takes a retry from the budget. Returns false when it is spent. */
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
