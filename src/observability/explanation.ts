import type { Session } from '../consistency/session.ts'
import type { Route, RouteReason } from '../routing/route.ts'
import type { Pin } from '../settings/session-settings.ts'
import type { Rejection, StepReason } from '../selection/query-plan.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeId, Role } from '../topology/node.ts'

export interface ExplainedStep {
  readonly node: NodeId
  readonly role: Role
  readonly reason: StepReason
  /** Lag of a replica, in milliseconds. Absent while it is unknown. Only in explanations. */
  readonly lagMs?: number
  /** Several servers share the address. The server that is reached has to prove that it may serve. */
  readonly balanced?: true
}

/**
 * A plan with node names, for people and logs.
 *
 * @example
 * const { candidates, rejected }: ExplainedPlan = (await pool.explain('SELECT 1')).plan
 */
export interface ExplainedPlan {
  /** In the order in which they are tried. */
  readonly candidates: readonly ExplainedStep[]
  readonly rejected: readonly { readonly node: NodeId; readonly reason: Rejection }[]
}

/**
 * A route that can be serialized as JSON.
 *
 * @example
 * const { role, reason }: ExplainedRoute = (await pool.explain('SELECT 1')).route
 */
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

/**
 * State of a session that decides which nodes its reads may go to.
 *
 * @example
 * const { position }: ExplainedSession = (await pool.explain('SELECT 1')).session
 */
export interface ExplainedSession {
  /** Consistency that the session has set. Absent: that of the pool. */
  readonly consistency?: Session['consistency']
  /** Position in the WAL that its reads must show, as far as it is known. */
  readonly position?: { readonly timeline: number; readonly lsn: string }
  /** Time since it has written or seen something that `position` does not cover yet, in milliseconds. */
  readonly pendingForMs?: number
  /** Time since it last wrote, in milliseconds. Absent while it has not. */
  readonly lastWriteMsAgo?: number
  /** How long it reads from the primary because of its token, in milliseconds. */
  readonly primaryForMs?: number
  /** Number of reads on replicas that its next one must not fall behind. */
  readonly lastReads: number
}

/**
 * Result of `explain()`: each decision with its reason, to be serialized as JSON or, with `String()`, shown as text.
 *
 * @example
 * const explanation: Explanation = await pool.explain('SELECT 1')
 * console.log(String(explanation))
 */
export interface Explanation {
  readonly statement: Statement
  /** The session's floors. */
  readonly session: ExplainedSession
  readonly route: ExplainedRoute
  readonly plan: ExplainedPlan
  /** Names of the settings of its session, `role` among them. Absent without any. Values are never shown. */
  readonly settings?: readonly string[]
  /**
   * Reasons that keep the client on its connection until it is released. Only for an explanation by a client that is
   * pinned.
   */
  readonly pins?: readonly Pin[]
  /** Returns the explanation as text of several lines. */
  toString(): string
}
