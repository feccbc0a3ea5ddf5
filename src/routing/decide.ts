import type { Consistency } from '../consistency/mode.ts'
import type { Session } from '../consistency/session.ts'
import type { Statement } from '../statement/statement.ts'
import type { Freshness, Route, RouteReason } from './route.ts'

/** What the pool was configured with, as far as routing is concerned. */
export interface RoutingPolicy {
  /** What reads may show, unless the session or the query says otherwise. */
  readonly consistency: Consistency
  /** How long reads of a session that wrote go to the primary while no position is known, in milliseconds. */
  readonly windowMs: number
  /** The bound of `bounded`, unless the query names one, in milliseconds. */
  readonly maxStalenessMs: number
}

/** What the caller asked for with this one query. */
export interface RouteRequest {
  readonly route?: 'primary' | 'replica'
  /** What this read may show. @defaultValue as the session, or else the pool, has it */
  readonly consistency?: Consistency
  /** Upper bound of staleness for this query, in milliseconds. 0 means the primary. */
  readonly maxStalenessMs?: number
  /** The class of work that it belongs to, one of the pool's `tiers`. @defaultValue as the session, or else `default` */
  readonly tier?: string
}

function toPrimary(reason: RouteReason): Route {
  return Object.freeze({ role: 'primary', reason })
}

/** Of reads that stay on the primary whatever their session has written. */
export const BOUND_BY_SETTING: Route = toPrimary('setting')

/** Of everything but proven reads. */
export const NOT_A_READ: Route = toPrimary('not-a-read')
const ASKED_PRIMARY = toPrimary('asked-primary')
const HINT_PRIMARY = toPrimary('hint-primary')
const SESSION_WROTE = toPrimary('session-wrote')
const TOKEN_PRIMARY = toPrimary('token-primary')
const STRONG = toPrimary('strong')

/**
 * Decides where a statement may go. Pure. The proof comes first: no request and no hint sends anything but a proven
 * read to a replica.
 */
export function decideRoute(
  statement: Statement,
  session: Session,
  request: RouteRequest,
  policy: RoutingPolicy,
  nowMs: number,
): Route {
  if (statement.kind !== 'read') return NOT_A_READ
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
      return causally(session, request, policy, nowMs)
    default:
      throw new Error(`Unexpected consistency: ${String(consistency satisfies never)}`)
  }
}

/** The route of a statement whose caller, or whose text, asks for the primary; `undefined` for any other. */
export function askedForPrimary(
  { hint }: Statement,
  { maxStalenessMs, route }: RouteRequest,
): Route | undefined {
  if (route === 'primary') return ASKED_PRIMARY
  if (maxStalenessMs !== undefined && maxStalenessMs <= 0) return ASKED_PRIMARY
  return route !== 'replica' && hint === 'primary' ? HINT_PRIMARY : undefined
}

/** What this read may show. */
export function consistencyOf(session: Session, request: RouteRequest, policy: RoutingPolicy): Consistency {
  return request.consistency ?? session.consistency ?? policy.consistency
}

/**
 * By positions: a replica that has replayed all that the session wrote. Where no position is known, by two times that meet:
 * for `windowMs` after the write the session reads from the primary, and then from replicas that show everything which was
 * committed before it heard of the write.
 */
function causally(session: Session, request: RouteRequest, policy: RoutingPolicy, nowMs: number): Route {
  const { lastReads, position, primaryUntilMs, floorPendingSinceMs: sinceMs } = session
  if (primaryUntilMs !== undefined && nowMs < primaryUntilMs) return TOKEN_PRIMARY
  if (sinceMs !== undefined && nowMs - sinceMs < policy.windowMs) return SESSION_WROTE
  const after = lastReads.length === 0 ? undefined : lastReads
  const isFree = position === undefined && after === undefined && sinceMs === undefined
  if (isFree && request.maxStalenessMs === undefined) return ANY_REPLICA
  return toReplica('read', { maxStalenessMs: request.maxStalenessMs, sinceMs, position, after })
}

function byWindow(session: Session, request: RouteRequest, policy: RoutingPolicy, nowMs: number): Route {
  const { lastWriteAtMs, primaryUntilMs } = session
  if (primaryUntilMs !== undefined && nowMs < primaryUntilMs) return TOKEN_PRIMARY
  if (lastWriteAtMs !== undefined && nowMs - lastWriteAtMs < policy.windowMs) return SESSION_WROTE
  return toReplica('read', withinWindow(session, request.maxStalenessMs, policy.windowMs))
}

/** Of a read whose session has neither written nor read. */
const ANY_REPLICA: Route = Object.freeze({ role: 'replica', reason: 'read', freshness: Object.freeze({}) })

function toReplica(reason: RouteReason, freshness: Freshness): Route {
  return { role: 'replica', reason, freshness }
}

/** Whatever the session wrote; but with `window` nothing older than that is ever read from a replica. */
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
