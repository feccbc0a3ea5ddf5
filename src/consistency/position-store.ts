/**
 * Stores a token per user outside of the client, for clients that carry none: crawlers, webhooks, jobs, several devices
 * of one user.
 *
 * @example
 * const keep = async (store: PositionStore, user: string, token: string) =>
 *   store.set(user, token, 60_000)
 */
export interface PositionStore {
  /** Returns the user's token. `undefined` when there is none or it has expired. */
  get(key: string): Promise<string | undefined>
  /**
   * Stores the later of this token and the stored one (`laterToken`) for at least `ttlMs`. The stored token must never
   * go back: two requests of one user may end in a different order than they wrote.
   */
  set(key: string, token: string, ttlMs: number): Promise<void>
}
