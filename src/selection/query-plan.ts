import type { Exclusion, NodeView } from '../topology/snapshot.ts'

/** Why a node stands in a plan. */
export type StepReason =
  /** An eligible replica, in the balancer's order. */
  | 'replica'
  /** The route wants the primary. */
  | 'primary'
  /** The primary, behind the replicas: it answers when none of them does. */
  | 'fallback'

export interface PlanStep {
  readonly node: NodeView
  readonly reason: StepReason
}

/** Why a replica is not in a plan. */
export type Rejection =
  /** It has not answered a probe yet. */
  | 'pending'
  | 'suspected'
  | 'down'
  | Exclusion
  /** How far it is behind is not known, and unknown is not zero. */
  | 'lag-unknown'
  /** It is not known to be as fresh as the route needs. */
  | 'lagging'

export interface RejectedNode {
  readonly node: NodeView
  readonly reason: Rejection
}

/** The ordered candidates for a route. Walking down it is the failover order. */
export interface QueryPlan {
  readonly steps: readonly PlanStep[]
  readonly rejected: readonly RejectedNode[]
}
