import type { Session } from '../consistency/session.ts'
import type { Statement } from '../statement/statement.ts'
import type { Freshness, Route, RouteReason } from './route.ts'

/** What the pool was configured with, as far as routing is concerned. */
export interface RoutingPolicy {
  /** How long reads of a session that wrote go to the primary, and how far behind a replica may be, in milliseconds. */
  readonly windowMs: number
}

/** What the caller asked for with this one query. */
export interface RouteRequest {
  readonly route?: 'primary' | 'replica'
  /** Upper bound of staleness for this query, in milliseconds. 0 means the primary. */
  readonly maxStalenessMs?: number
}

function toPrimary(reason: RouteReason): Route {
  return { role: 'primary', reason }
}

const NOT_A_READ = toPrimary('not-a-read')
const ASKED_PRIMARY = toPrimary('asked-primary')
const HINT_PRIMARY = toPrimary('hint-primary')
const SESSION_WROTE = toPrimary('session-wrote')

/**
 * Decides where a statement may go. Pure. The proof comes first: no request and no hint sends anything but a proven
 * read to a replica.
 *
 * A session's own write is covered by two times that meet: for `windowMs` after the write its reads go to the primary,
 * and afterwards only to replicas that show everything committed `windowMs` ago.
 */
export function decideRoute(
  statement: Statement,
  session: Session,
  request: RouteRequest,
  policy: RoutingPolicy,
  nowMs: number,
): Route {
  if (statement.kind !== 'read') return NOT_A_READ
  if (request.route === 'primary') return ASKED_PRIMARY
  if (request.maxStalenessMs !== undefined && request.maxStalenessMs <= 0) return ASKED_PRIMARY
  if (request.route !== 'replica' && statement.hint === 'primary') return HINT_PRIMARY

  const freshness = freshnessFor(session, request, policy)
  if (request.route === 'replica') return { role: 'replica', freshness, reason: 'asked-replica' }
  if (statement.hint === 'replica') return { role: 'replica', freshness, reason: 'hint-replica' }
  if (session.lastWriteAtMs !== undefined && nowMs - session.lastWriteAtMs < policy.windowMs)
    return SESSION_WROTE
  return { role: 'replica', freshness, reason: 'read' }
}

function freshnessFor(session: Session, request: RouteRequest, policy: RoutingPolicy): Freshness {
  const { windowMs } = policy
  if (request.maxStalenessMs !== undefined) {
    return { maxStalenessMs: Math.min(request.maxStalenessMs, windowMs) }
  }
  return { maxStalenessMs: windowMs, withoutPrimarySinceMs: session.lastWriteAtMs ?? -Infinity }
}
