import type { NodeId } from '../topology/node.ts'

/** Whether a node's circuit breaker admits a read. */
export type Admission =
  | 'admitted'
  /** It failed repeatedly and gets no reads for a while. */
  | 'ejected'
  /** It is recovering, and already has as many reads as it may have for now. */
  | 'recovering'

/** State of the nodes' circuit breakers, as selection needs it. */
export interface Health {
  admission(id: NodeId, nowMs: number): Admission
  /** Number of running reads and open read-only transactions at the node. */
  inFlight(id: NodeId): number
}
