import type { Route } from '../routing/route.ts'
import type { QueryPlan, Rejection, StepReason } from '../selection/query-plan.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeId, Role } from '../topology/node.ts'

/** A plan by names, for people and logs. */
export interface ExplainedPlan {
  /** In the order in which they would be tried. */
  readonly candidates: readonly { readonly node: NodeId; readonly role: Role; readonly reason: StepReason }[]
  readonly rejected: readonly { readonly node: NodeId; readonly reason: Rejection }[]
}

/** What `pool.explain()` returns: each decision with its reason. */
export interface Explanation {
  readonly statement: Statement
  readonly route: Route
  readonly plan: ExplainedPlan
}

export function explainPlan(plan: QueryPlan): ExplainedPlan {
  return {
    candidates: plan.steps.map(({ node, reason }) => ({ node: node.id, role: node.role, reason })),
    rejected: plan.rejected.map(({ node, reason }) => ({ node: node.id, reason })),
  }
}
