import type { MutableSession } from '../consistency/session.ts'

/** The part of a pool's session keeper that sessions use. */
export interface KeeperPort {
  readonly context: { run<T>(session: MutableSession, fn: () => T): T }
  tokenOf(session: MutableSession, options: TokenOptions): Promise<string | undefined>
}

export interface TokenOptions {
  /** How long to wait for the position, in milliseconds. @defaultValue `catchUpTimeoutMs` */
  readonly timeoutMs?: number
  /**
   * Cover everything that was committed before the call, by others too. For a place such as a cookie, where the token
   * of one request replaces that of another one. @defaultValue false
   */
  readonly upToNow?: boolean
}

/**
 * The scope of a consistency promise: a user, a request, a job. It reads its own writes, and its reads never go back to
 * older data. It is not a connection, costs one small object, and need not be closed.
 *
 * @example
 * const session: Session = pool.session()
 * await session.run(() => pool.query('SELECT 1'))
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
   * statements that have ended. Resolves within `timeoutMs`; if the position is unknown by then, the token sends reads
   * to the primary for `windowMs`. `undefined` when the session has no position.
   */
  token(options: TokenOptions = {}): Promise<string | undefined> {
    return this.#keeper.tokenOf(this.#state, options)
  }
}
