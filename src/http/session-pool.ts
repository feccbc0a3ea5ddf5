/**
 * The part of a session that a response needs.
 *
 * @example
 * const tokenOf = async (of: TokenSession) => (of.wrote ? of.token() : undefined)
 */
export interface TokenSession {
  /** Whether a statement that may have written was sent in this session. */
  readonly wrote: boolean
  /** Runs `fn` and everything that it awaits in this session. */
  run<T>(fn: () => T): T
  /**
   * Returns the session's position as a token. Resolves within `timeoutMs`; if the position is unknown by then, the
   * token sends reads to the primary for `windowMs`. `undefined` when the session has no position. With `upToNow` it
   * covers what others have committed, too.
   */
  token(options?: { readonly timeoutMs?: number; readonly upToNow?: boolean }): Promise<string | undefined>
}

/**
 * The part of the pool that creates sessions for requests.
 *
 * @example
 * const sessions: SessionPool = pool
 */
export interface SessionPool {
  /** Runs `fn` in a session that starts from the token. A rejected token is ignored. */
  withSession<T>(options: RequestSession, fn: (session: TokenSession) => T): T
}

/**
 * Options of the session of a request; see `SessionOptions`.
 *
 * @example
 * const begin: RequestSession = { settings: { 'app.tenant': '7' } }
 */
export interface RequestSession {
  readonly token?: string | undefined
  readonly settings?: RequestSettings | undefined
  readonly role?: string | undefined
}

/**
 * Values of settings by name.
 *
 * @example
 * const settings: RequestSettings = { 'app.tenant': '7', search_path: 't7' }
 */
export type RequestSettings = Readonly<Record<string, string | number | boolean>>
