import type { PoolClient } from 'pg'
import type { Platform, Timer } from '../platform/platform.ts'

/** A client that has been checked out for a long time, and may never be released. */
export interface ClientLeak {
  /** The time since it was checked out, in milliseconds. */
  readonly heldMs: number
  /** The stack of the code that checked it out. */
  readonly stack: string
}

/** Warns of clients that are not released, once for each checkout. */
export class LeakWatch {
  readonly #platform: Platform
  readonly #heldMs: number
  readonly #leaked: (leak: ClientLeak) => void
  readonly #timers = new Map<PoolClient, Timer>()

  constructor(platform: Platform, heldMs: number, leaked: (leak: ClientLeak) => void) {
    this.#platform = platform
    this.#heldMs = heldMs
    this.#leaked = leaked
  }

  /** The stack of the calling code: to be taken before anything is awaited. */
  here(): string {
    return new Error('The client was checked out').stack ?? ''
  }

  out(client: PoolClient, stack: string): void {
    this.back(client)
    const heldMs = this.#heldMs
    const timer = this.#platform.schedule(heldMs, () => {
      this.#timers.delete(client)
      this.#leaked({ heldMs, stack })
    })
    this.#timers.set(client, timer)
  }

  back(client: PoolClient): void {
    this.#timers.get(client)?.cancel()
    this.#timers.delete(client)
  }
}
