import type { Position } from '../consistency/position.ts'
import type { SeenRead } from '../consistency/session.ts'

/**
 * Freshness that a replica must have for a statement. All conditions that are given must hold.
 *
 * @example
 * const freshness: Freshness = { maxStalenessMs: 500 }
 */
export interface Freshness {
  /** It shows everything committed up to this many milliseconds ago. */
  readonly maxStalenessMs?: number | undefined
  /**
   * Nothing is committed while the cluster has no primary. Then it is enough, in place of `maxStalenessMs`, that the
   * replica shows everything committed before this moment (our clock), the session's own writes included.
   */
  readonly withoutPrimarySinceMs?: number | undefined
  /** It shows everything committed before this moment (our clock). */
  readonly sinceMs?: number | undefined
  /** It has replayed up to this position. */
  readonly position?: Position | undefined
  /** It shows everything that these reads may have seen. */
  readonly after?: readonly SeenRead[] | undefined
}

/**
 * Reason for a route. `explain()`, logs and metric labels all show this value.
 *
 * @example
 * const reason: RouteReason = (await pool.explain('SELECT 1')).route.reason
 */
export type RouteReason =
  /** A proven read that may go to a replica. */
  | 'read'
  /** Not a proven read; the statement's own reason says why. */
  | 'not-a-read'
  /** Its session wrote, or read on the primary, less than `windowMs` ago, at an unknown position. */
  | 'session-wrote'
  /** The token that its session started with requires the primary for now. */
  | 'token-primary'
  /** The requested consistency is `strong`. */
  | 'strong'
  /** Its session changed a setting that keeps reads on the primary, or that a replica has rejected. */
  | 'setting'
  /** Its client has an open transaction; the statement runs in it. */
  | 'in-transaction'
  /** Its client is pinned to its connection, which holds state that no other connection has. */
  | 'pinned'
  /** The caller asked for the primary. */
  | 'asked-primary'
  /** A comment in the statement asked for the primary. */
  | 'hint-primary'
  /** The caller asked for a replica, regardless of the session's writes. */
  | 'asked-replica'
  /** A comment in the statement asked for a replica, regardless of the session's writes. */
  | 'hint-replica'

/**
 * The decision for one statement.
 *
 * @example
 * const route: Route = { role: 'replica', reason: 'read', freshness: {} }
 */
export type Route =
  | { readonly role: 'primary'; readonly reason: RouteReason }
  | { readonly role: 'replica'; readonly reason: RouteReason; readonly freshness: Freshness }

/**
 * Position that a connection to a replica may be asked to have replayed. `undefined` when the route also depends on
 * what other servers have shown, or on a time: a server's own position proves neither.
 */
export function positionToAsk(route: Route): Position | undefined {
  if (route.role === 'primary') return undefined
  const { after, position, sinceMs } = route.freshness
  return after === undefined && sinceMs === undefined ? position : undefined
}
