import type { PoolClient } from 'pg'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Failure } from './failure.ts'

/** Result of an attempt. */
export interface Attempted {
  readonly error: Error | undefined
  /** Classification of the error. Absent without an error. */
  readonly failure: Failure | undefined
  readonly result: unknown
  /** False when there was no connection to send it over. */
  readonly wasSent: boolean
  /** The connection, if it is kept. The receiver owns it. */
  readonly client: PoolClient | undefined
  /** Snapshot at the time of sending, for reads that were sent. */
  readonly knownAtSend?: Snapshot | undefined
  /** Whether it holds a slot on the primary, which the receiver leaves. */
  readonly hasSlot?: boolean | undefined
  /** Time in the queue before a connection was requested, in milliseconds. */
  readonly waitedMs?: number
}

/** Returns the result of an attempt that got no connection. */
export function unsent(error: Error, failure: Failure): Attempted {
  return { error, failure, result: undefined, wasSent: false, client: undefined }
}

/**
 * Returns the replica in the snapshot at the time of sending: the read may have waited for a connection since its plan.
 */
export function knownOf(node: NodeView, { knownAtSend }: Attempted): NodeView {
  const known = node.isBalanced ? undefined : knownAtSend?.nodes.find(({ id }) => id === node.id)
  return known?.role === 'replica' && known.isBalanced !== true ? known : node
}
