import type { PoolClient } from 'pg'

/**
 * Releases a connection that arrives too late. Asynchronously, since the next waiting caller may be about to give up
 * too.
 */
export function giveBack(client: PoolClient): void {
  queueMicrotask(() => client.release())
}
