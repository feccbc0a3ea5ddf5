import type { PoolClient } from 'pg'

/**
 * Runs the application's `acquire` listeners on a connection that is checked out for one caller, in that caller's async
 * context. `done` is called when the server has answered what they sent, or with the reason why the connection must not
 * be used.
 */
export type Acquire = (client: PoolClient, done: (error: Error | undefined) => void) => void
