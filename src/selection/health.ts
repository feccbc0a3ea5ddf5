import type { NodeId } from '../topology/node.ts'

/** Whether a node's recent record lets it have a read. */
export type Admission =
  | 'admitted'
  /** It failed again and again, and is left alone for a while. */
  | 'ejected'
  /** It is coming back, and has as many reads as it may for now. */
  | 'recovering'

/** What selection asks of the nodes' recent records. */
export interface Health {
  admission(id: NodeId, nowMs: number): Admission
  /** Reads at the node that have not ended, and read-only transactions that are open there. */
  inFlight(id: NodeId): number
}
