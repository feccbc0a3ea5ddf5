/**
 * Minimum timeout, in milliseconds, that a `query_timeout` sets for internal queries and for the wait behind another
 * statement. A short `query_timeout` says how long a caller wants to wait, not that the server is lost.
 */
export const LEAST_TIMEOUT_MS = 5000

/**
 * Returns node-postgres' `query_timeout` in milliseconds; 0 for none. It is a number, or the text of one in a
 * connection string. Other values mean none, as they do to node-postgres' timer.
 */
export function queryTimeoutOf(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'string') return 0
  const timeoutMs = Number(value)
  return timeoutMs > 0 ? timeoutMs : 0
}
