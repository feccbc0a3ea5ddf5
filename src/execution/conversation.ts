import type { PoolClient } from 'pg'
import type { NodeView } from '../topology/snapshot.ts'
import type { Place } from './second-opinion.ts'

/** Tells how a statement that has moved to the primary has ended there, with its error if it has failed. */
export type Heard = (error: Error | undefined) => void

/** Questions about an error that came over a connection which is held. */
export interface Contest {
  /** Tells whether the primary would give the same error, as far as that can be proven. */
  readonly isFinal: (error: Error, told: (isFinal: boolean) => void) => void
  /** Gives a place on the primary for the same statement, or none when the error is the answer. */
  readonly claim: (error: Error, decided: (place: Place | undefined, heard: Heard) => void) => void
}

/** A connection to a replica, held by one caller. */
export interface ReplicaLease {
  readonly client: PoolClient
  readonly node: NodeView
  /** Calls `giveUp` when the node is given up, until the returned function is called. */
  readonly watch: (giveUp: (cause: Error) => void) => () => void
  readonly contest: Contest
}

/** A read of somebody who has more to do with the connection than to hear an answer. */
export interface Conversation {
  /**
   * More follows over the connection of the replica that has answered: a transaction, or the rest of a stream. The connection
   * is the receiver's. Absent: it is given back as ever.
   */
  readonly held?: ((lease: ReplicaLease, result: unknown) => void) | undefined
  /**
   * No replica can have it. It has a place on the primary until `leave` is called, and is to be run there by its caller, who
   * may hold a connection already. `heard` is to be called with how that has ended.
   */
  readonly spilled: (leave: () => void, heard: Heard) => void
}
