import type { PoolClient } from 'pg'

/** Receives what node-postgres answered. */
export type Done = (error: Error | undefined, result?: unknown) => void

/** Sends one statement over a connection. */
export type Send = (client: PoolClient, done: Done) => void
