import { AsyncLocalStorage } from 'node:async_hooks'
import type { Overlay } from './overlay.ts'
import { PoolSession } from './pool-session.ts'
import type { MutableSession } from './session.ts'

/**
 * Carries the session of the running code through everything that it awaits. Every pool has its own, so a session
 * belongs to one pool.
 */
export class SessionContext {
  readonly #storage = new AsyncLocalStorage<MutableSession>()
  /** Settings of sessions that have some. Few have, and there may be a million sessions. */
  readonly #overlays = new WeakMap<MutableSession, Overlay>()
  #hasOverlays = false
  #isClosed = false
  /** The session of code outside any explicit session: the process reads its own writes. */
  readonly implicit: PoolSession = new PoolSession()

  /** The session of the calling code. */
  current(): MutableSession {
    // From Node.js 24 on, code that runs in a session stays there when the storage is disabled.
    return this.#isClosed ? this.implicit : (this.#storage.getStore() ?? this.implicit)
  }

  /** The settings and the role of the statements of a session. @defaultValue the session of the calling code */
  overlayOf(session: MutableSession = this.current()): Overlay | undefined {
    return this.#hasOverlays ? this.#overlays.get(session) : undefined
  }

  /** Gives a new session its settings. */
  overlay(session: MutableSession, overlay: Overlay): void {
    this.#hasOverlays = true
    this.#overlays.set(session, overlay)
  }

  run<T>(session: MutableSession, fn: () => T): T {
    return this.#isClosed ? fn() : this.#storage.run(session, fn)
  }

  /** Runs a function outside of any explicit session. */
  outside<T>(fn: () => T): T {
    // The first `run` of a storage makes Node.js 20 follow every asynchronous operation of the process.
    return this.#storage.getStore() === undefined ? fn() : this.#storage.run(this.implicit, fn)
  }

  /** Stops following code. Otherwise every asynchronous operation of the process costs more with each ended pool. */
  close(): void {
    this.#isClosed = true
    this.#storage.disable()
  }
}
