import type { PoolClient } from 'pg'
import type { NodeView } from '../topology/snapshot.ts'
import type { Place } from './second-opinion.ts'

/** Receives the result of a statement that has moved to the primary, with its error if it has failed. */
export type Heard = (error: Error | undefined) => void

/** Queries about an error over a connection that is held. */
export interface Contest {
  /** Returns whether the primary would provably return the same error. */
  readonly isFinal: (error: Error, told: (isFinal: boolean) => void) => void
  /** Requests a slot on the primary for the same statement; none when the error is the result. */
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

/** Callbacks of a read whose caller needs the connection after the answer. */
export interface Conversation {
  /**
   * Receives the connection of the replica that has answered, for a transaction or the rest of a stream. Absent: it is
   * released.
   */
  readonly held?: ((lease: ReplicaLease, result: unknown) => void) | undefined
  /**
   * Called when no replica can serve it. The caller, who may already hold a connection, has to run it on the primary.
   * It has a slot there until `leave` is called. Call `heard` with its result.
   */
  readonly spilled: (leave: () => void, heard: Heard) => void
}
