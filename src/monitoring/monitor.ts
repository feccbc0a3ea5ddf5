import type { Position } from '../consistency/position.ts'
import type { Unshown } from '../consistency/unshown.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'

/** Watches the cluster and keeps its newest snapshot. */
export interface Monitor {
  readonly snapshot: Snapshot
  /**
   * True from the moment when it stopped probing an unused cluster until it is `settled` again. Meanwhile every node is
   * `pending`.
   */
  readonly isResting: boolean
  /**
   * Resolves when enough is known for routing: every node has answered or failed, or the primary is found and the
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
   * Like `awaitSnapshot`, for tests on the progress of replicas: meanwhile the positions of the primary and of the
   * replicas are read, quickly at first and then more slowly.
   */
  awaitProgress(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean>
  /**
   * Notes that no replica was proven fresh enough for a read. For a moment the positions of the primary and of the
   * replicas are read more often, at a bounded rate. Costs less than a microsecond, except when it leads to a query.
   */
  follow(): void
  /**
   * Reads a position on the primary at or after everything committed before the call. `undefined` when there is no
   * primary or it does not report one.
   * @param mayBeUnflushed Whether commits may have been acknowledged before they were flushed.
   */
  floor(mayBeUnflushed: boolean): Promise<Position | undefined>
  /**
   * From now on measures lag by the primary's insert position: commits may be acknowledged before they are flushed. Probes
   * that were sent before keep their flush position.
   */
  takeInsertPositions(): void
  /**
   * Finds transactions that the primary has not finished although the given server shows them as committed. If that
   * server is gone or not given, returns all unfinished transactions. `undefined` when there is no primary or its
   * answer is unusable.
   */
  unshown(serverIdentity: string | undefined): Promise<Unshown | undefined>
  /**
   * Returns the view of the server that a connection through a shared address has reached, from the server's own
   * observation. Unlike in a snapshot, its role and lag are those of this server. `undefined` when the node has been
   * removed.
   */
  reached(id: NodeId, observation: Observation): NodeView | undefined
  /** Notes that a statement runs, so that probes stay frequent enough to prove replicas fresh. Cheap. */
  used(): void
  /**
   * Replaces the list of nodes. A node whose id and options stay the same keeps its state; its weight and tags may
   * change.
   */
  setNodes(nodes: readonly NodeConfig[]): void
  close(): Promise<void>
}
