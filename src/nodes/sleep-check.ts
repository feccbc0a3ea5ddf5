import type { PoolClient } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { SleepWatch } from '../platform/sleep-watch.ts'
import { queryUnseen } from '../platform/unseen.ts'

/** Time for an answer after which a connection counts as dead, in milliseconds. A new one replaces it. */
const ANSWER_TIMEOUT_MS = 500

/**
 * Checks connections that were open while the process slept, before their next use. The server or the network may have
 * dropped them, and a write over a dead connection would have an unknown outcome.
 */
export class SleepCheck {
  readonly #platform: Platform
  readonly #watch: Pick<SleepWatch, 'sleeps'>
  /** Number of sleeps when a connection was opened or last checked. */
  readonly #passed = new WeakMap<PoolClient, number>()
  /** Number of sleeps when a dead connection was last found. */
  #failedAt: number | undefined

  constructor(platform: Platform, watch: Pick<SleepWatch, 'sleeps'>) {
    this.#platform = platform
    this.#watch = watch
  }

  /** Whether the connection was passed before. */
  knows(client: PoolClient): boolean {
    return this.#passed.has(client)
  }

  /** Notes that the connection is alive. */
  pass(client: PoolClient): void {
    this.#passed.set(client, this.#watch.sleeps)
  }

  /** Whether the process has slept since the connection was opened or checked. */
  isDue(client: PoolClient): boolean {
    return this.#passed.get(client) !== this.#watch.sleeps
  }

  /**
   * Checks an idle leased connection with an empty query. Calls back once, with `alive` if it has answered in time. For
   * the first dead one since a sleep it is `first-dead`: others are likely to be dead too.
   */
  run(client: PoolClient, checked: (found: 'alive' | 'dead' | 'first-dead') => void): void {
    const { sleeps } = this.#watch
    let isOver = false
    const end = (isAlive: boolean): void => {
      if (isOver) return
      isOver = true
      timer.cancel()
      if (isAlive) this.#passed.set(client, sleeps)
      const isFirst = this.#failedAt !== sleeps
      if (!isAlive) this.#failedAt = sleeps
      if (isAlive) checked('alive')
      else checked(isFirst ? 'first-dead' : 'dead')
    }
    const timer = deadline(this.#platform, ANSWER_TIMEOUT_MS, () => end(false))
    try {
      queryUnseen(client, '', (error) => end(!error))
    } catch {
      end(false)
    }
  }
}
