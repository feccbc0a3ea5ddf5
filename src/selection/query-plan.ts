import type { NodeState } from '../topology/node.ts'
import type { Exclusion, NodeView } from '../topology/snapshot.ts'
import type { Admission } from './health.ts'

/** Why a node stands in a plan. */
export type StepReason =
  /** An eligible replica, in the balancer's order. */
  | 'replica'
  /** The route wants the primary. */
  | 'primary'
  /** The primary, behind the replicas: it answers when none of them does. */
  | 'fallback'
  /** A replica that would be eligible but for its recent record. Better than no answer. */
  | 'last-resort'
  /** The client has a connection to it, and stays on that. */
  | 'held'

export interface PlanStep {
  readonly node: NodeView
  readonly reason: StepReason
}

/** Why a replica is not in a plan, or at its end. */
export type Rejection =
  /** It has not answered a probe yet, does not answer, or has not since it failed. */
  | Exclude<NodeState['name'], 'up'>
  | Exclusion
  | Exclude<Admission, 'admitted'>
  /** It has not the tags that its tier asks for. */
  | 'other-tags'
  /** Its weight is 0. */
  | 'drained'
  /** How far it is behind is not known, and unknown is not zero. */
  | 'lag-unknown'
  /** It is further behind than `maxLag`, or not back within half of it since. */
  | 'too-far-behind'
  /** It is not known to be as fresh as the route needs. */
  | 'lagging'
  /** It is not known to show what the session has written or seen. */
  | 'behind-session'

export interface RejectedNode {
  readonly node: NodeView
  readonly reason: Rejection
}

/** The ordered candidates for a route. Walking down it is the failover order. */
export interface QueryPlan {
  readonly steps: readonly PlanStep[]
  readonly rejected: readonly RejectedNode[]
  /**
   * Replicas that serve it as soon as they have caught up with the session, in the balancer's order. Only where no replica
   * is known to have.
   */
  readonly catchingUp?: readonly NodeView[]
}
