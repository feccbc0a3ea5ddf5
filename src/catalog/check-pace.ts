import type { Platform } from '../platform/platform.ts'

/** The pause before the next check is this many times as long as a check or load took, but at most `longestPauseMs`. */
const pauseAfterCheck = 50
const pauseAfterLoad = 2
const longestPauseMs = 10_000
/** Minimum time between two checks that doubts cause at once. */
const doubtEveryMs = 2_000
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/** When the database is asked next whether its schema has changed. */
export class CheckPace {
  readonly #platform: Pick<Platform, 'now' | 'random'>
  readonly #checkEveryMs: number
  #doubtedAtMs = -Infinity
  #failures = 0

  /** @param checkEveryMs Shortest time between two regular checks, in milliseconds, ± 10 % */
  constructor(platform: Pick<Platform, 'now' | 'random'>, checkEveryMs: number) {
    this.#platform = platform
    this.#checkEveryMs = checkEveryMs
  }

  get checkEveryMs(): number {
    return this.#checkEveryMs
  }

  /** Returns whether a doubt at this time causes a check at once. */
  mayDoubt(nowMs: number): boolean {
    if (nowMs - this.#doubtedAtMs < doubtEveryMs) return false
    this.#doubtedAtMs = nowMs
    return true
  }

  /** Returns the time until the next check after one that took so long, in milliseconds. */
  pauseAfter(tookMs: number, hasLoaded: boolean): number {
    const factor = hasLoaded ? pauseAfterLoad : pauseAfterCheck
    const pauseMs = Math.max(this.#checkEveryMs, Math.min(factor * tookMs, longestPauseMs))
    return pauseMs * (0.9 + 0.2 * this.#platform.random())
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** Returns the time until a query that failed is retried, in milliseconds. */
  failed(): number {
    const longestMs = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures)
    this.#failures += 1
    return longestMs * (0.5 + 0.5 * this.#platform.random())
  }
}
