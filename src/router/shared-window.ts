import type { MutableSession } from '../consistency/session.ts'
import type { Platform } from '../platform/platform.ts'

/** The window after a lock or a notification: with `window` consistency these count as a write of every session. */
export class SharedWindow {
  readonly #platform: Platform
  readonly #windowMs: number
  /** When (our clock, milliseconds) a lock was last taken or a notification received. */
  #startedAtMs = -Infinity

  constructor(platform: Platform, windowMs: number) {
    this.#platform = platform
    this.#windowMs = windowMs
  }

  start(): void {
    this.#startedAtMs = this.#platform.now()
  }

  /** Marks a session as having written while the window is open. */
  applyTo(session: MutableSession): void {
    const atMs = this.#startedAtMs
    const isOver = this.#platform.now() - atMs >= this.#windowMs
    if (!isOver && atMs > (session.lastWriteAtMs ?? -Infinity))
      session.wrote({ atMs, floor: undefined, certainty: 'certain', changes: 'everything' })
  }
}
