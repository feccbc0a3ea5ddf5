/**
 * A place outside of the client that keeps a token per user, for clients that carry none: crawlers, webhooks, jobs,
 * several devices of one user.
 */
export interface PositionStore {
  /** The user's token. `undefined` when there is none, or its time is over. */
  get(key: string): Promise<string | undefined>
  /**
   * Keeps the later one of this token and the one that is there (`laterToken`), for at least `ttlMs`. It must not go back:
   * two requests of one user may end in another order than they wrote in.
   */
  set(key: string, token: string, ttlMs: number): Promise<void>
}
