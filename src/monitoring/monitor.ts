import type { Position } from '../consistency/position.ts'
import type { Unshown } from '../consistency/unshown.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'

/** Watches the cluster and keeps its newest snapshot. */
export interface Monitor {
  readonly snapshot: Snapshot
  /**
   * True from the moment when it stopped, because nobody had used the cluster for long, until it is `settled` again. Nothing
   * is known of any node meanwhile.
   */
  readonly isResting: boolean
  /**
   * Resolves when enough is known to decide by: every node has answered or failed, or the primary was found and the
   * others had their time of grace. The first call begins to probe; there is no I/O before it. Never rejects.
   */
  settled(): Promise<void>
  /** Probes every node anew, and resolves when all have answered or failed. Never rejects. */
  refresh(): Promise<void>
  /** Probes this node, and resolves with what it is as of a moment after the call. Never rejects. */
  lookAt(id: NodeId): Promise<NodeView | undefined>
  /**
   * Somebody met a failure at this node: it serves nothing until it has answered a probe that was sent since, and it is
   * probed at once.
   */
  suspect(id: NodeId, cause: Error): void
  /**
   * Resolves with true as soon as a snapshot passes `test`, the present one included, and with false after `timeoutMs` or
   * when the monitor is closed. While somebody waits, every node is probed fast that has not been down for long. Keeps the process alive meanwhile.
   */
  awaitSnapshot(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean>
  /**
   * As `awaitSnapshot`, for whoever waits for replicas to get on: they are asked how far they are, again and again, with
   * one question in flight for each.
   */
  awaitProgress(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean>
  /**
   * Asks the primary for a position at or after everything that has been committed by now. `undefined` when there is no
   * primary, or when it cannot tell.
   * @param mayBeUnflushed Whether commits may have been acknowledged before they were flushed.
   */
  floor(mayBeUnflushed: boolean): Promise<Position | undefined>
  /**
   * Looks for transactions that the primary has not finished, though this server shows them as committed; when it is gone,
   * or none is named, though one may. `undefined` when there is no primary, or when it cannot tell.
   */
  unshown(serverIdentity: string | undefined): Promise<Unshown | undefined>
  /**
   * A node that stands for several servers, as the one is that a connection has reached, which says this of itself. Other than
   * in a snapshot its role and lag are those of this server. `undefined` when the node is no longer there.
   */
  reached(id: NodeId, observation: Observation): NodeView | undefined
  /** A statement is on its way: while they come, probes come often enough to prove replicas fresh. Cheap. */
  used(): void
  /** Watches these nodes from now on. One whose id and options stay keeps what is known of it; its weight and tags may change. */
  setNodes(nodes: readonly NodeConfig[]): void
  close(): Promise<void>
}
