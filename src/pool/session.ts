import type { MutableSession } from '../consistency/session.ts'

/** The part of a pool's session keeper that sessions use. */
export interface KeeperPort {
  readonly context: { run<T>(session: MutableSession, fn: () => T): T }
  tokenOf(session: MutableSession, timeoutMs?: number): Promise<string | undefined>
}

/**
 * The scope of a consistency promise: a user, a request, a job. It reads its own writes, and its reads never go back to
 * older data. It is not a connection, costs one small object, and need not be closed.
 */
export class Session {
  readonly #keeper: KeeperPort
  readonly #state: MutableSession

  constructor(keeper: KeeperPort, state: MutableSession) {
    this.#keeper = keeper
    this.#state = state
  }

  /**
   * True once a statement that may have written has ended in this session. Reads of relations before the catalog was
   * loaded do not count.
   */
  get wrote(): boolean {
    return this.#state.hasWritten
  }

  /** Runs `fn` and everything that it awaits in this session. */
  run<T>(fn: (session: Session) => T): T {
    return this.#keeper.context.run(this.#state, () => fn(this))
  }

  /**
   * Returns the session's position as a token, for another process, a cookie, a header or a job. It covers all
   * statements that have ended. Resolves within `timeoutMs` (default `catchUpTimeoutMs`); if the position is unknown by
   * then, the token sends reads to the primary for `windowMs`. `undefined` when the session has no position.
   */
  token(options: { readonly timeoutMs?: number } = {}): Promise<string | undefined> {
    return this.#keeper.tokenOf(this.#state, options.timeoutMs)
  }
}
