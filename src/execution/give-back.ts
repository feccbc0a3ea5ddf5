import type { PoolClient } from 'pg'

/** Gives back a connection that comes too late. Later than now: the next caller in line may be about to give up too. */
export function giveBack(client: PoolClient): void {
  queueMicrotask(() => client.release())
}
