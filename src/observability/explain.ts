import type { Route, RouteReason } from '../routing/route.ts'
import type { Pin } from '../settings/session-settings.ts'
import type { QueryPlan, Rejection, StepReason } from '../selection/query-plan.ts'
import { shown } from '../statement/shown.ts'
import type { Statement } from '../statement/statement.ts'
import { formatLsn } from '../topology/lsn.ts'
import type { NodeId, Role } from '../topology/node.ts'

export interface ExplainedStep {
  readonly node: NodeId
  readonly role: Role
  readonly reason: StepReason
  /** Several servers share the address: whichever is reached has to prove that it may serve. */
  readonly balanced?: true
}

/** A plan by names, for people and logs. */
export interface ExplainedPlan {
  /** In the order in which they would be tried. */
  readonly candidates: readonly ExplainedStep[]
  readonly rejected: readonly { readonly node: NodeId; readonly reason: Rejection }[]
}

/** A route as text and numbers, so that it can be written as JSON. */
export interface ExplainedRoute {
  readonly role: Route['role']
  readonly reason: RouteReason
  /** What a replica must show; absent where the primary is wanted. Bounds that there are not are left out. */
  readonly freshness?: {
    readonly maxStalenessMs?: number
    /** Position in the log, such as `0/16B3748`, and its timeline. */
    readonly position?: { readonly timeline: number; readonly lsn: string }
    /** True when it must not fall behind what the session has seen before. */
    readonly isMonotonic?: true
  }
}

/** What `explain()` returns: each decision with its reason. */
export interface Explanation {
  readonly statement: Statement
  readonly route: ExplainedRoute
  readonly plan: ExplainedPlan
  /**
   * What the client has left on its connection, where it was asked for one: these keep it there until it is released. Absent
   * when there is nothing.
   */
  readonly pins?: readonly Pin[]
}

/** The parts of a decision that are explained. */
interface Explained {
  readonly statement: Statement
  readonly route: Route
  readonly plan: QueryPlan
}

/** @internal */
export function explain({ statement, route, plan }: Explained): Explanation {
  return { statement: shown(statement), route: explainRoute(route), plan: explainPlan(plan) }
}

export function explainPlan(plan: QueryPlan): ExplainedPlan {
  return {
    candidates: plan.steps.map(({ node: { id, isBalanced, role }, reason }) => ({
      node: id,
      role,
      reason,
      ...(isBalanced ? { balanced: true as const } : {}),
    })),
    rejected: plan.rejected.map(({ node, reason }) => ({ node: node.id, reason })),
  }
}

export function explainRoute(route: Route): ExplainedRoute {
  const { role, reason } = route
  if (role === 'primary' || reason === 'in-transaction') return { role, reason }
  const { after, maxStalenessMs, position } = route.freshness
  return {
    role,
    reason,
    freshness: {
      ...(maxStalenessMs === undefined ? {} : { maxStalenessMs }),
      ...(position === undefined
        ? {}
        : { position: { timeline: position.timeline, lsn: formatLsn(position.lsn) } }),
      ...(after === undefined ? {} : { isMonotonic: true }),
    },
  }
}
