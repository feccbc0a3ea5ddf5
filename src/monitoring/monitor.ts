import type { NodeId } from '../topology/node.ts'
import type { Snapshot } from '../topology/snapshot.ts'

/** Watches the cluster and keeps its newest snapshot. */
export interface Monitor {
  readonly snapshot: Snapshot
  /** Begins to probe, at the first call; there is no I/O before it. */
  start(): void
  /**
   * Resolves when enough is known to decide by: every node has answered or failed, or the primary was found and the
   * others had their time of grace. Never rejects.
   */
  settled(): Promise<void>
  /** Probes every node anew, and resolves when all have answered or failed. Never rejects. */
  refresh(): Promise<void>
  /** Somebody met a failure at this node: look at it now. */
  suspect(id: NodeId): void
  close(): Promise<void>
}
