import type { NodeId, Role } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'
import { lagMs, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import { eventError } from './event-error.ts'
import { statusOf, type NodeStatus } from './events.ts'
import type { TrafficStats } from './traffic.ts'

/**
 * One node in `pool.stats()`.
 *
 * @example
 * const lagging = (node: NodeStats) => node.lagMs === undefined || node.lagMs > 1000
 */
export interface NodeStats {
  readonly id: NodeId
  readonly role: Role
  readonly state: NodeStatus
  /** Message of the error, when the node is `down` or `suspected`. */
  readonly cause?: string
  /** True for an address that several servers share. Its lag is always unknown. */
  readonly balanced?: true
  /** WAL that the primary has and this replica has not replayed, in bytes. `undefined` while unknown. */
  readonly lagBytes: number | undefined
  /** How long this replica has been behind, in milliseconds; 0 when it is not. `undefined` while unknown. */
  readonly lagMs: number | undefined
  /** Statements sent to this node. */
  readonly queries: number
  /** Proven reads that this node answered. Excludes reads that it failed or was too far behind for. */
  readonly reads: number
  /** Connections to this node: open, idle, and the number of callers that wait for one. */
  readonly connections: { readonly total: number; readonly idle: number; readonly waiting: number }
}

/**
 * Result of `pool.stats()`. Counters start with the pool's creation, and those of a node when it is added.
 *
 * @example
 * const { nodes, offload }: PoolStats = pool.stats()
 */
export interface PoolStats {
  readonly nodes: readonly NodeStats[]
  /**
   * `builtin` until the database's own catalog is loaded. Until then reads of the application's relations go to the
   * primary.
   */
  readonly catalog: 'builtin' | 'loaded'
  /** Number of proven reads that were answered. */
  readonly reads: number
  /** Share of the reads that replicas answered, from 0 to 1. 0 without reads. */
  readonly offload: number
  /**
   * Statements, where they run and why. A pool of one node counts its statements while its events have listeners.
   * Absent there before the first one.
   */
  readonly traffic?: TrafficStats
}

/** Counts statements and reads for each node. */
export class Counters {
  readonly #queries = new Map<NodeId, number>()
  readonly #answered = new Map<NodeId, number>()
  #reads = 0
  #replicaReads = 0

  sent(node: NodeView): void {
    this.#queries.set(node.id, this.queriesOf(node.id) + 1)
  }

  /** Counts a statement on a connection that its client holds. */
  ran(node: NodeView, isRead: boolean): void {
    this.sent(node)
    if (isRead) this.readAnswered(node)
  }

  readAnswered(node: NodeView): void {
    this.#reads += 1
    this.#answered.set(node.id, (this.#answered.get(node.id) ?? 0) + 1)
    if (node.role === 'replica') this.#replicaReads += 1
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    retain(this.#queries, ids)
    retain(this.#answered, ids)
  }

  queriesOf(id: NodeId): number {
    return this.#queries.get(id) ?? 0
  }

  report(
    snapshot: Snapshot,
    catalog: PoolStats['catalog'],
    connectionsOf: (id: NodeId) => NodeStats['connections'],
    nowMs: number,
  ): PoolStats {
    const nodes = snapshot.nodes.map((node): NodeStats => ({
      id: node.id,
      role: node.role,
      state: statusOf(node),
      ...('cause' in node.state ? { cause: eventError(node.state.cause).message } : {}),
      ...(node.isBalanced ? { balanced: true as const } : {}),
      lagBytes: node.lag?.bytes,
      lagMs: node.lag === undefined ? undefined : lagMs(node.lag, nowMs),
      queries: this.queriesOf(node.id),
      reads: this.#answered.get(node.id) ?? 0,
      connections: connectionsOf(node.id),
    }))
    return {
      nodes,
      catalog,
      reads: this.#reads,
      offload: this.#reads === 0 ? 0 : this.#replicaReads / this.#reads,
    }
  }
}
