import type { PoolClient } from 'pg'
import type { NodeView } from '../topology/snapshot.ts'

/** A connection to a replica, held by one caller. */
export interface ReplicaLease {
  readonly client: PoolClient
  readonly node: NodeView
  /** Calls `giveUp` when the node is given up, until the returned function is called. */
  readonly watch: (giveUp: (cause: Error) => void) => () => void
}

/** What follows behind a first statement that a replica has answered, over the same connection: a transaction. */
export interface Conversation {
  /** The first statement was answered, and the connection is the receiver's. */
  readonly held: (lease: ReplicaLease, result: unknown) => void
  /** No replica can have it. It has a place on the primary until `leave` is called, and is to begin there by itself. */
  readonly spilled: (leave: () => void) => void
}
