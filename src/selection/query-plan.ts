import type { NodeState } from '../topology/node.ts'
import type { Exclusion, NodeView } from '../topology/snapshot.ts'
import type { Admission } from './health.ts'

/**
 * Reason why a node is in a plan.
 *
 * @example
 * const reasons: StepReason[] = (await pool.explain('SELECT 1')).plan.candidates.map(
 *   ({ reason }) => reason,
 * )
 */
export type StepReason =
  /** An eligible replica, in the balancer's order. */
  | 'replica'
  /** The route wants the primary. */
  | 'primary'
  /** The primary, after the replicas. It serves the read when none of them can. */
  | 'fallback'
  /**
   * The primary, at once. No replica is known to show what the session has written or seen, and the primary answers
   * sooner than they catch up.
   */
  | 'sooner'
  /**
   * A replica that is ineligible only for its recent failures or, without a primary, its unknown lag. Better than no
   * answer.
   */
  | 'last-resort'
  /** The client holds a connection to it and stays on that. */
  | 'held'

export interface PlanStep {
  readonly node: NodeView
  readonly reason: StepReason
}

/**
 * Reason why a replica is not in a plan, or only at its end.
 *
 * @example
 * const rejections: Rejection[] = (await pool.explain('SELECT 1')).plan.rejected.map(
 *   ({ reason }) => reason,
 * )
 */
export type Rejection =
  | Exclude<NodeState['name'], 'up'>
  | Exclusion
  | Exclude<Admission, 'admitted'>
  /** It lacks tags that the tier requires. */
  | 'other-tags'
  /** Its weight is 0. */
  | 'drained'
  /** Its lag is unknown. Unknown is not zero. */
  | 'lag-unknown'
  /** It is further behind than `maxLag`, or has not come back within half of it since. */
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
   * Replicas that can serve the read once they have caught up with the session, in the balancer's order. Only present
   * when no replica is eligible.
   */
  readonly catchingUp?: readonly NodeView[]
}
