import { asError } from '../errors/as-error.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Snapshot } from '../topology/snapshot.ts'

interface Waiter {
  readonly test: (snapshot: Snapshot) => boolean
  readonly leave: (passed: boolean) => void
  readonly fail: (error: unknown) => void
}

/** Callers that wait for a snapshot that passes their test. Keeps the process alive while there are any. */
export class WaitingRoom {
  readonly #platform: Platform
  readonly #waiters = new Set<Waiter>()
  #sinceMs: number | undefined
  #isClosed = false

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Since when there have been waiting callers without a gap; `undefined` while there are none. */
  get sinceMs(): number | undefined {
    return this.#sinceMs
  }

  /**
   * Resolves with true once `tell` has brought a snapshot that passes, with false after `timeoutMs` or on `close`.
   * Rejects with what `test` throws.
   */
  wait(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean> {
    if (this.#isClosed || timeoutMs <= 0) return Promise.resolve(false)
    this.#sinceMs ??= this.#platform.now()
    return new Promise((resolve, reject) => {
      const release = this.#platform.holdOpen()
      const timer = deadline(this.#platform, timeoutMs, () => waiter.leave(false))
      const waiter: Waiter = {
        test,
        leave: (passed) => {
          out()
          resolve(passed)
        },
        fail: (error) => {
          out()
          reject(asError(error))
        },
      }
      const out = (): void => {
        timer.cancel()
        release()
        this.#waiters.delete(waiter)
        if (this.#waiters.size === 0) this.#sinceMs = undefined
      }
      this.#waiters.add(waiter)
    })
  }

  tell(snapshot: Snapshot): void {
    for (const { test, leave, fail } of this.#waiters) {
      try {
        if (test(snapshot)) leave(true)
      } catch (error) {
        // A test that throws, such as a user's balancer, must fail its own caller and not the monitor.
        fail(error)
      }
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { leave } of this.#waiters) leave(false)
  }
}
