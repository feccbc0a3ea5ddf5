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
  /** `queries` and `reads` by the role that the node had at that time: its present role, and a former one. */
  readonly byRole: readonly { readonly role: Role; readonly queries: number; readonly reads: number }[]
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

interface Counts {
  queries: number
  reads: number
}

/** Counts statements and reads for each node. */
export class Counters {
  /** Counts of each node in each of its roles. A promotion must not carry them over from one to the other. */
  readonly #nodes = new Map<NodeId, Map<Role, Counts>>()
  #reads = 0
  #replicaReads = 0

  sent(node: NodeView): void {
    this.#countsOf(node).queries += 1
  }

  /** Counts a statement on a connection that its client holds. */
  ran(node: NodeView, isRead: boolean): void {
    this.sent(node)
    if (isRead) this.readAnswered(node)
  }

  readAnswered(node: NodeView): void {
    this.#reads += 1
    this.#countsOf(node).reads += 1
    if (node.role === 'replica') this.#replicaReads += 1
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    retain(this.#nodes, ids)
  }

  queriesOf(id: NodeId): number {
    return sumOf(this.#nodes.get(id), 'queries')
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
      reads: sumOf(this.#nodes.get(node.id), 'reads'),
      byRole: this.#byRole(node),
      connections: connectionsOf(node.id),
    }))
    return {
      nodes,
      catalog,
      reads: this.#reads,
      offload: this.#reads === 0 ? 0 : this.#replicaReads / this.#reads,
    }
  }

  #countsOf({ id, role }: Pick<NodeView, 'id' | 'role'>): Counts {
    let roles = this.#nodes.get(id)
    if (roles === undefined) this.#nodes.set(id, (roles = new Map()))
    let counts = roles.get(role)
    if (counts === undefined) roles.set(role, (counts = { queries: 0, reads: 0 }))
    return counts
  }

  #byRole({ id, role }: NodeView): NodeStats['byRole'] {
    const counted = [...(this.#nodes.get(id) ?? [])].map(([name, counts]) => ({ role: name, ...counts }))
    return counted.some((each) => each.role === role) ? counted : [...counted, { role, queries: 0, reads: 0 }]
  }
}

function sumOf(roles: ReadonlyMap<Role, Counts> | undefined, name: keyof Counts): number {
  let sum = 0
  for (const counts of roles?.values() ?? []) sum += counts[name]
  return sum
}
