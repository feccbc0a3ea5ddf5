import type { Lsn } from './lsn.ts'
import type { NodeId, NodeState, Role } from './node.ts'
import type { Tags } from './tags.ts'

/**
 * How far a replica is behind its primary.
 *
 * @example
 * const isStreaming = (lag: Lag) => lag.bytes === 0
 */
export interface Lag {
  /**
   * When (our clock) the primary was first seen beyond what the replica has replayed. Absent when the replica has
   * replayed everything that the primary is known to have written.
   */
  readonly behindSinceMs?: number
  /** WAL that the primary has written and the replica has not replayed, in bytes. Absent where it is not known. */
  readonly bytes?: number
  /** The lag that the replica's service states, in milliseconds, in place of `behindSinceMs` and `bytes`. */
  readonly statedMs?: number
  /**
   * Everything that was committed on the primary before this moment (our clock) is visible on the replica. Freshness is
   * judged by it; `behindSinceMs` is the estimate that users see.
   */
  readonly freshAsOfMs: number
  /**
   * Estimate of how long the replica takes to show what the primary has just committed, in milliseconds. Absent while
   * it is unknown.
   */
  readonly catchUpMs?: number
  /** A position of the primary that the replica shows, where it follows from `freshAsOfMs`. */
  readonly shows?: ShownPosition
}

/** A position on a timeline of the cluster. */
export interface ShownPosition {
  readonly systemIdentifier: string
  readonly timeline: number
  readonly lsn: Lsn
}

/** The lag that users see, in milliseconds. 0 for a replica that has replayed all that the primary is known to have. */
export function lagMs(lag: Lag, nowMs: number): number {
  if (lag.statedMs !== undefined) return lag.statedMs
  return lag.behindSinceMs === undefined ? 0 : Math.max(0, nowMs - lag.behindSinceMs)
}

/**
 * Reason why a node that answers is not used.
 *
 * @example
 * const exclusion: Exclusion = 'old-timeline'
 */
export type Exclusion =
  /** It belongs to another cluster than the primary. */
  | 'foreign-cluster'
  /** It is a server that is already in the cluster under another name. */
  | 'same-server'
  /** It takes writes on an older timeline: an old primary that came back. */
  | 'old-timeline'
  /** It is a primary with read-only transactions, and another primary takes writes. */
  | 'read-only'

/**
 * One node as the snapshot shows it.
 *
 * @example
 * const byWeight = (candidates: readonly NodeView[]) =>
 *   candidates.toSorted((a, b) => b.weight - a.weight)
 */
export interface NodeView {
  readonly id: NodeId
  readonly weight: number
  /** As configured, or discovered. */
  readonly tags?: Tags
  /**
   * Several servers share this address. It counts as a replica while it answers. Each connection has to find out which
   * server it reached.
   */
  readonly isBalanced?: true
  readonly role: Role
  readonly state: NodeState
  readonly exclusion?: Exclusion
  /** Lag of a replica. Absent while it is unknown. */
  readonly lag?: Lag
  /** A replica that is further behind than `maxLag` allows, or has not come back within half of it since. */
  readonly isTooFarBehind?: boolean
}

/** The cluster's observed state at one moment. Immutable; probes write the next one, queries only read. */
export interface Snapshot {
  readonly nodes: readonly NodeView[]
  /** The one node that takes writes. Absent when none, or more than one, was found. */
  readonly primary?: NodeView
  /** The nodes that call themselves primary, when there is more than one server that does. */
  readonly conflict?: readonly NodeView[]
  /** The newest timeline that any node of the cluster has ever reported. Absent while none has reported one. */
  readonly newestTimeline?: number
}

/**
 * Whether a node of an earlier plan must get no queries by that plan. Such a node has failed and has not answered a
 * probe since, or is another server now.
 */
export function isOut(snapshot: Snapshot, planned: NodeView): boolean {
  const { state } = snapshot.nodes.find(({ id }) => id === planned.id) ?? {}
  if (state?.name === 'suspected' || state?.name === 'down') return true
  return isAnotherServer(snapshot, planned)
}

/** Whether a replica is known to have restarted or been replaced since it was planned. It may show less than it did. */
export function isAnotherServer({ nodes }: Snapshot, planned: NodeView): boolean {
  const node = nodes.find(({ id }) => id === planned.id)
  if (node === undefined || node === planned || planned.state.name !== 'up') return false
  // Each connection to a shared address proves its server.
  if (planned.role === 'primary' || planned.isBalanced === true) return false
  const { state } = node
  const seen = state.name === 'up' ? state.observation : state.name === 'suspected' ? state.last : undefined
  return seen !== undefined && seen.serverIdentity !== planned.state.observation.serverIdentity
}

/**
 * The error that took the node down, or `undefined` when it is not down. Everything in progress there has been given
 * up.
 */
export function downCauseOf({ nodes }: Snapshot, id: NodeId): Error | undefined {
  const state = nodes.find((node) => node.id === id)?.state
  return state?.name === 'down' ? state.cause : undefined
}

/**
 * Whether a node, as it was when it was the primary, takes writes that it must not take. History has gone on without
 * it, or along with it.
 */
export function isFenced(
  { nodes, conflict, newestTimeline, primary }: Snapshot,
  { id, state }: NodeView,
): boolean {
  if (conflict?.some((node) => node.id === id)) return true
  const exclusion = nodes.find((node) => node.id === id)?.exclusion
  if (exclusion !== undefined && exclusion !== 'same-server') return true
  // A client may hold a connection to a server that is no longer in the list, or does not answer probes.
  if (state.name !== 'up') return false
  const { timeline } = state.observation
  if (timeline !== undefined && newestTimeline !== undefined && timeline < newestTimeline) return true
  if (primary?.state.name !== 'up') return false
  return state.observation.serverIdentity !== primary.state.observation.serverIdentity
}

/** Whether a node that a plan takes for the primary is known not to be the primary any more. */
export function isFormerPrimary(snapshot: Snapshot, node: NodeView): boolean {
  const { nodes, primary } = snapshot
  if (node.role !== 'primary' || primary === node || primary?.id === node.id) return false
  return isFenced(snapshot, node) || nodes.find(({ id }) => id === node.id)?.role === 'replica'
}

/** Whether there is a server of that identity, and it answers. */
export function hasServer({ nodes }: Snapshot, serverIdentity: string): boolean {
  return nodes.some(({ state }) => state.name === 'up' && state.observation.serverIdentity === serverIdentity)
}
