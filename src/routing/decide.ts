import { later, type Position } from '../consistency/position.ts'
import type { Consistency } from '../consistency/mode.ts'
import type { Execution } from '../consistency/touched.ts'
import type { Session } from '../consistency/session.ts'
import type { Statement } from '../statement/statement.ts'
import type { Freshness, Route, RouteReason } from './route.ts'

/** Options of the pool that routing uses. */
export interface RoutingPolicy {
  /** Default consistency of reads. A session or a query may override it. */
  readonly consistency: Consistency
  /** How long reads with `window` consistency go to the primary after their session wrote, in milliseconds. */
  readonly windowMs: number
  /** Maximum staleness for `bounded` consistency, in milliseconds. A query may override it. */
  readonly maxStalenessMs: number
}

/**
 * Routing options of one query.
 *
 * @example
 * const request: RouteRequest = { route: 'primary' }
 * await pool.query({ text: 'SELECT 1', ...request })
 */
export interface RouteRequest {
  /**
   * `'primary'` runs the query on the primary. `'replica'` runs a proven read on a replica even if its session has
   * written since; anything else goes to the primary.
   * @defaultValue none: the statement decides
   */
  readonly route?: 'primary' | 'replica'
  /** Consistency of this read. @defaultValue that of the session, or else of the pool */
  readonly consistency?: Consistency
  /** Upper bound of staleness for this query, in milliseconds. 0 means the primary. */
  readonly maxStalenessMs?: number
  /**
   * Whether a transaction that this BEGIN begins is optimistic: see the pool's `transactions`.
   * @defaultValue the pool's `transactions`
   */
  readonly optimistic?: boolean
  /** Tier of this query, one of the pool's `tiers`. @defaultValue that of the session, or else `default` */
  readonly tier?: string
}

/** The part of a query that routing uses. */
export interface Asked extends Execution {
  readonly request: RouteRequest
}

function toPrimary(reason: RouteReason): Route {
  return Object.freeze({ role: 'primary', reason })
}

/** Route of reads that a setting keeps on the primary. */
export const BOUND_BY_SETTING: Route = toPrimary('setting')

/** Route of every statement that is not a proven read. */
export const NOT_A_READ: Route = toPrimary('not-a-read')
const ASKED_PRIMARY = toPrimary('asked-primary')
const HINT_PRIMARY = toPrimary('hint-primary')
const SESSION_WROTE = toPrimary('session-wrote')
const TOKEN_PRIMARY = toPrimary('token-primary')
const STRONG = toPrimary('strong')

/**
 * Decides where a statement may go. Pure. Only a proven read may go to a replica; no request and no hint overrides
 * that.
 */
export function decideRoute(
  statement: Statement,
  session: Session,
  query: Asked,
  policy: RoutingPolicy,
  nowMs: number,
): Route {
  if (statement.kind !== 'read') return NOT_A_READ
  const { request } = query
  const { route, maxStalenessMs } = request
  const asked = askedForPrimary(statement, request)
  if (asked !== undefined) return asked
  if (route === 'replica') return toReplica('asked-replica', asRecentAs(session, request, policy))
  if (statement.hint === 'replica') return toReplica('hint-replica', asRecentAs(session, request, policy))

  const consistency = consistencyOf(session, request, policy)
  switch (consistency) {
    case 'strong':
      return STRONG
    case 'window':
      return byWindow(session, request, policy, nowMs)
    case 'bounded':
      return toReplica('read', atMost(maxStalenessMs ?? policy.maxStalenessMs))
    case 'eventual':
      return toReplica('read', atMost(maxStalenessMs))
    case 'causal':
      return causally(session, request, session.changedAtMs(statement, query), nowMs)
    default:
      throw new Error(`Unexpected consistency: ${String(consistency satisfies never)}`)
  }
}

/** Returns the route of a statement whose caller or hint asks for the primary; `undefined` for any other. */
export function askedForPrimary(
  { hint }: Statement,
  { maxStalenessMs, route }: RouteRequest,
): Route | undefined {
  if (route === 'primary') return ASKED_PRIMARY
  if (maxStalenessMs !== undefined && maxStalenessMs <= 0) return ASKED_PRIMARY
  return route !== 'replica' && hint === 'primary' ? HINT_PRIMARY : undefined
}

/** Effective consistency of a read. */
export function consistencyOf(session: Session, request: RouteRequest, policy: RoutingPolicy): Consistency {
  return request.consistency ?? session.consistency ?? policy.consistency
}

/**
 * Routes to a replica that shows everything the session wrote of what the read shows. Positions prove it as far as they
 * are known. Otherwise the time counts since when something is not covered by them.
 */
function causally(
  session: Session,
  { maxStalenessMs }: RouteRequest,
  sinceMs: number | undefined,
  nowMs: number,
): Route {
  const { lastReads, primaryUntilMs } = session
  if (primaryUntilMs !== undefined && nowMs < primaryUntilMs) return TOKEN_PRIMARY
  const position = positionOf(session)
  const after = lastReads.length === 0 ? undefined : lastReads
  const isFree = position === undefined && after === undefined && sinceMs === undefined
  if (isFree && maxStalenessMs === undefined) return ANY_REPLICA
  return toReplica('read', { maxStalenessMs, sinceMs, position, after })
}

/** A replica that has replayed the position of a claim proves that it is possible. */
function positionOf({ pending, position }: Session): Position | undefined {
  const claimed = pending?.claimed
  return claimed === undefined || position === undefined ? (claimed ?? position) : later(position, claimed)
}

function byWindow(session: Session, request: RouteRequest, policy: RoutingPolicy, nowMs: number): Route {
  const { lastWriteAtMs, primaryUntilMs } = session
  if (primaryUntilMs !== undefined && nowMs < primaryUntilMs) return TOKEN_PRIMARY
  if (lastWriteAtMs !== undefined && nowMs - lastWriteAtMs < policy.windowMs) return SESSION_WROTE
  return toReplica('read', withinWindow(session, request.maxStalenessMs, policy.windowMs))
}

/** Route of a read whose session has neither written nor read. */
const ANY_REPLICA: Route = Object.freeze({ role: 'replica', reason: 'read', freshness: Object.freeze({}) })

function toReplica(reason: RouteReason, freshness: Freshness): Route {
  return { role: 'replica', reason, freshness }
}

/**
 * Freshness of a read that asked for a replica. The session's writes do not matter, but with `window` the pool's bound
 * on staleness still holds.
 */
function asRecentAs(session: Session, { maxStalenessMs }: RouteRequest, policy: RoutingPolicy): Freshness {
  return policy.consistency === 'window'
    ? withinWindow(session, maxStalenessMs, policy.windowMs)
    : atMost(maxStalenessMs)
}

function withinWindow(session: Session, maxStalenessMs: number | undefined, windowMs: number): Freshness {
  if (maxStalenessMs !== undefined) return { maxStalenessMs: Math.min(maxStalenessMs, windowMs) }
  return { maxStalenessMs: windowMs, withoutPrimarySinceMs: session.lastWriteAtMs ?? -Infinity }
}

function atMost(maxStalenessMs: number | undefined): Freshness {
  return { maxStalenessMs }
}
