import type { NodeConfig } from '../nodes/server-node.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Questions } from './questions.ts'

/** Watches the cluster and keeps its newest snapshot. */
export interface Monitor {
  /** Asks servers over the connections that watch them. */
  readonly questions: Questions
  readonly snapshot: Snapshot
  /**
   * True from the moment when it stopped probing an unused cluster until it is `settled` again. Meanwhile every node is
   * `pending`.
   */
  readonly isResting: boolean
  /**
   * Resolves when enough is known for routing. Then every node has answered or failed, or the primary is found and the
   * others had a grace period. The first call starts the probes; there is no I/O before it. Never rejects.
   */
  settled(): Promise<void>
  /** Probes every node now. Resolves when all have answered or failed. Never rejects. */
  refresh(): Promise<void>
  /** Probes a node with a probe that is sent after the call, and resolves with its new state. Never rejects. */
  lookAt(id: NodeId): Promise<NodeView | undefined>
  /**
   * Reports that a query or connection failed at this node. It gets no queries until it answers a probe sent after this
   * call, and is probed at once.
   */
  suspect(id: NodeId, cause: Error): void
  /**
   * Resolves with true once a snapshot passes `test` (the current one included), with false after `timeoutMs` or on
   * close. Meanwhile nodes are probed at the fast pace, except those that have been down for long, and the process is
   * kept alive.
   */
  awaitSnapshot(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean>
  /**
   * Like `awaitSnapshot`, for tests on the progress of replicas. Meanwhile the positions of the primary and of the
   * replicas are read, quickly at first and then more slowly.
   */
  awaitProgress(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean>
  /**
   * Notes that no replica was proven fresh enough for a read. For a moment the positions of the primary and of the
   * replicas are read more often, at a bounded rate. Costs less than a microsecond, except when it leads to a query.
   */
  follow(): void
  /**
   * Returns the view of the server that a connection through a shared address has reached, from the server's own
   * observation. Unlike in a snapshot, its role and lag are those of this server. `undefined` when the node has been
   * removed.
   */
  reached(id: NodeId, observation: Observation): NodeView | undefined
  /**
   * Forgets all that is known and closes all connections until the cluster is used again, because it is idle or the
   * process has slept. While a caller waits for a change it looks at every node over new connections at once.
   */
  rest(): void
  /** Notes that a statement runs, so that probes stay frequent enough to prove replicas fresh. Cheap. */
  used(): void
  /**
   * Replaces the list of nodes. A node whose id and options stay the same keeps its state; its weight and tags may
   * change.
   */
  setNodes(nodes: readonly NodeConfig[]): void
  close(): Promise<void>
}
