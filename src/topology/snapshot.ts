import type { NodeId, NodeState, Role } from './node.ts'
import type { Tags } from './tags.ts'

/** How far a replica is behind its primary, as far as that is known. */
export interface Lag {
  /**
   * When (our clock) the primary was first seen beyond what the replica has replayed. Absent when it was not: then the
   * replica has everything that the primary is known to have.
   */
  readonly behindSinceMs?: number
  /** What the primary had written and the replica had not replayed, in bytes of WAL. */
  readonly bytes: number
  /**
   * Everything that was committed on the primary before this moment (our clock) is visible on the replica. This is the
   * proof that freshness is judged by; `behindSinceMs` gives the estimate that people read.
   */
  readonly freshAsOfMs: number
}

/** The lag as people read it, in milliseconds: 0 for a replica that has replayed all that the primary is known to have. */
export function lagMs(lag: Lag, nowMs: number): number {
  return lag.behindSinceMs === undefined ? 0 : Math.max(0, nowMs - lag.behindSinceMs)
}

/** Why a node that answers is nevertheless not used. */
export type Exclusion =
  /** It belongs to another cluster than the primary. */
  | 'foreign-cluster'
  /** It is a server that is already in the cluster under another name. */
  | 'same-server'
  /** It takes writes on a branch of history that the cluster has left: an old primary that came back. */
  | 'old-timeline'
  /** It calls itself primary but takes no writes, and another one does. */
  | 'read-only'

/** One node as the snapshot shows it. */
export interface NodeView {
  readonly id: NodeId
  readonly weight: number
  /** As configured, or discovered. */
  readonly tags?: Tags
  /**
   * Several servers share this address. It counts as a replica while it answers; what its connections reach has to be found
   * out for each of them.
   */
  readonly isBalanced?: true
  readonly role: Role
  readonly state: NodeState
  readonly exclusion?: Exclusion
  /** Of a replica; absent while it is not known. */
  readonly lag?: Lag
  /** Of a replica: further behind than `maxLag` allows, or not back within half of it since. */
  readonly isTooFarBehind?: boolean
}

/** The cluster's observed state at one moment. Immutable; probes write the next one, queries only read. */
export interface Snapshot {
  readonly nodes: readonly NodeView[]
  /** The one node that takes writes. Absent when none, or more than one, was found. */
  readonly primary?: NodeView
  /** The nodes that call themselves primary, when there is more than one server that does. */
  readonly conflict?: readonly NodeView[]
}

/** True for a node that has failed, and has answered no probe since: nothing is sent to it. */
export function isOut({ nodes }: Snapshot, id: NodeId): boolean {
  const state = nodes.find((node) => node.id === id)?.state.name
  return state === 'suspected' || state === 'down'
}

/** Why the node is down, if it is: everything that was under way there has been given up. */
export function downCauseOf({ nodes }: Snapshot, id: NodeId): Error | undefined {
  const state = nodes.find((node) => node.id === id)?.state
  return state?.name === 'down' ? state.cause : undefined
}
