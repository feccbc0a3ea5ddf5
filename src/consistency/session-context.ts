import { AsyncLocalStorage } from 'node:async_hooks'
import { createSession, type MutableSession } from './session.ts'

/**
 * Carries the session of the running code through everything that it awaits. Every pool has its own, so that a session
 * of one pool says nothing to another.
 */
export class SessionContext {
  readonly #storage = new AsyncLocalStorage<MutableSession>()
  /** The session of code that is in none of its own: what this process wrote, this process reads. */
  readonly implicit: MutableSession = createSession()

  /** The session of the calling code. */
  current(): MutableSession {
    return this.#storage.getStore() ?? this.implicit
  }

  run<T>(session: MutableSession, fn: () => T): T {
    return this.#storage.run(session, fn)
  }
}
