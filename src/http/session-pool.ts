/** What a response has to know of the session that it was made in. */
export interface TokenSession {
  /** Something that may have written was sent in this session. */
  readonly wrote: boolean
  /**
   * The session's position as text. Resolves within `timeoutMs`, if need be with a token that says: read from the primary
   * until the window has passed. `undefined` when the session has nothing to say.
   */
  token(options?: { readonly timeoutMs?: number }): Promise<string | undefined>
}

/** The part of the pool that sessions of requests are made by. */
export interface SessionPool {
  /** Runs `fn` in a session that begins where the token says. A token that is not to be believed counts as none. */
  withSession<T>(options: { readonly token?: string | undefined }, fn: (session: TokenSession) => T): T
}
