import type { PoolClient } from 'pg'
import type { NodeView } from '../topology/snapshot.ts'

/** A connection to a replica, held by one caller. */
export interface ReplicaLease {
  readonly client: PoolClient
  readonly node: NodeView
  /** Calls `giveUp` when the node is given up, until the returned function is called. */
  readonly watch: (giveUp: (cause: Error) => void) => () => void
}

/** A read of somebody who has more to do with the connection than to hear an answer. */
export interface Conversation {
  /**
   * More follows over the connection of the replica that has answered: a transaction, or the rest of a stream. The connection
   * is the receiver's. Absent: it is given back as ever.
   */
  readonly held?: ((lease: ReplicaLease, result: unknown) => void) | undefined
  /**
   * No replica can have it. It has a place on the primary until `leave` is called, and is to be run there by whoever asked: over
   * a connection that he holds already.
   */
  readonly spilled: (leave: () => void) => void
}
