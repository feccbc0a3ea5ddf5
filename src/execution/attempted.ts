import type { PoolClient } from 'pg'
import type { Snapshot } from '../topology/snapshot.ts'
import type { Failure } from './failure.ts'

/** How an attempt ended. */
export interface Attempted {
  readonly error: Error | undefined
  /** What the error says of the node. Absent when there is none. */
  readonly failure: Failure | undefined
  readonly result: unknown
  /** False when there was no connection to send the statement over. */
  readonly wasSent: boolean
  /** The connection, if it is kept: the receiver's from now on. */
  readonly client: PoolClient | undefined
  /** What was known of the cluster when it was sent. Only of reads that were. */
  readonly knownAtSend?: Snapshot | undefined
  /** How long it waited for its turn before the node was asked for anything, in milliseconds. */
  readonly waitedMs?: number
}

/** The end of an attempt that got no connection. */
export function unsent(error: Error, failure: Failure): Attempted {
  return { error, failure, result: undefined, wasSent: false, client: undefined }
}
