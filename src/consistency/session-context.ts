import { AsyncLocalStorage } from 'node:async_hooks'
import { createSession, type MutableSession } from './session.ts'

/**
 * Carries the session of the running code through everything that it awaits. Every pool has its own, so that a session
 * of one pool says nothing to another.
 */
export class SessionContext {
  readonly #storage = new AsyncLocalStorage<MutableSession>()
  readonly #implicit: MutableSession = createSession()

  /** The session of the calling code; outside of any, the pool's own: what this process wrote, this process reads. */
  current(): MutableSession {
    return this.#storage.getStore() ?? this.#implicit
  }

  run<T>(session: MutableSession, fn: (session: MutableSession) => T): T {
    return this.#storage.run(session, fn, session)
  }
}
