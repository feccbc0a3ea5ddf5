import type { Overlay } from '../consistency/overlay.ts'
import type { Route, RouteReason } from '../routing/route.ts'
import type { Journal } from '../settings/journal.ts'
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
  /** Several servers share the address. The server that is reached has to prove that it may serve. */
  readonly balanced?: true
}

/** A plan with node names, for people and logs. */
export interface ExplainedPlan {
  /** In the order in which they are tried. */
  readonly candidates: readonly ExplainedStep[]
  readonly rejected: readonly { readonly node: NodeId; readonly reason: Rejection }[]
}

/** A route that can be serialized as JSON. */
export interface ExplainedRoute {
  readonly role: Route['role']
  readonly reason: RouteReason
  /** Freshness that a replica must have. Absent when the route is the primary. Bounds that do not apply are absent. */
  readonly freshness?: {
    readonly maxStalenessMs?: number
    /** Position in the WAL, such as `0/16B3748`, and its timeline. */
    readonly position?: { readonly timeline: number; readonly lsn: string }
    /** True when the replica must show everything that the session has already seen. */
    readonly isMonotonic?: true
  }
}

/** Result of `explain()`: each decision with its reason. */
export interface Explanation {
  readonly statement: Statement
  readonly route: ExplainedRoute
  readonly plan: ExplainedPlan
  /** Names of the settings of its session, `role` among them. Absent without any. Values are never shown. */
  readonly settings?: readonly string[]
  /**
   * Reasons that keep the client on its connection until it is released. Only for an explanation by a client that is
   * pinned.
   */
  readonly pins?: readonly Pin[]
}

/** The parts of a decision that `explain()` shows. */
interface Explained {
  readonly statement: Statement
  readonly route: Route
  readonly plan: QueryPlan
  readonly overlay: Overlay | undefined
  readonly journal: Journal | undefined
}

/** @internal */
export function explain({ journal, overlay, plan, route, statement }: Explained): Explanation {
  const settings = overlay?.names ?? journal?.givenNames ?? []
  const explained = { statement: shown(statement), route: explainRoute(route), plan: explainPlan(plan) }
  return settings.length === 0 ? explained : { ...explained, settings }
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
