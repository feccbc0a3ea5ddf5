import { AsyncLocalStorage } from 'node:async_hooks'
import { PoolSession } from './pool-session.ts'
import type { MutableSession } from './session.ts'

/**
 * Carries the session of the running code through everything that it awaits. Every pool has its own, so a session
 * belongs to one pool.
 */
export class SessionContext {
  readonly #storage = new AsyncLocalStorage<MutableSession>()
  /** The session of code outside any explicit session: the process reads its own writes. */
  readonly implicit: PoolSession = new PoolSession()

  /** The session of the calling code. */
  current(): MutableSession {
    return this.#storage.getStore() ?? this.implicit
  }

  run<T>(session: MutableSession, fn: () => T): T {
    return this.#storage.run(session, fn)
  }
}
