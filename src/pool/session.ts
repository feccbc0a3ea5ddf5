import type { MutableSession } from '../consistency/session.ts'

/** The keeper of a pool's sessions, as one of them asks it. */
export interface KeeperPort {
  readonly context: { run<T>(session: MutableSession, fn: () => T): T }
  tokenOf(session: MutableSession, timeoutMs?: number): Promise<string | undefined>
}

/**
 * The scope of a consistency promise: a user, a request, a job. What it writes, it reads, and its reads never go back to
 * something older. It is not a connection, costs one small object, and needs not be closed.
 */
export class Session {
  readonly #keeper: KeeperPort
  readonly #state: MutableSession

  constructor(keeper: KeeperPort, state: MutableSession) {
    this.#keeper = keeper
    this.#state = state
  }

  /**
   * True once something that may have written has come to its end in this session. A read of relations that ran before the
   * catalog was loaded does not count.
   */
  get wrote(): boolean {
    return this.#state.hasWritten
  }

  /** Runs `fn` in this session, and everything that it awaits. */
  run<T>(fn: (session: Session) => T): T {
    return this.#keeper.context.run(this.#state, () => fn(this))
  }

  /**
   * The session's position as text, for a session in another process, a cookie, a header or a job. It covers what has come
   * to its end by now. Resolves within `timeoutMs` (default `catchUpTimeoutMs`): when the position cannot be had in time, with a token
   * that says: read from the primary until `windowMs` has passed. `undefined` when there is nothing to say.
   */
  token(options: { readonly timeoutMs?: number } = {}): Promise<string | undefined> {
    return this.#keeper.tokenOf(this.#state, options.timeoutMs)
  }
}
