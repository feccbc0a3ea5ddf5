import type { Position } from '../consistency/position.ts'
import type { SeenRead } from '../consistency/session.ts'

/** How fresh a replica must be for a statement. All that is given must hold. */
export interface Freshness {
  /** It shows everything that was committed this many milliseconds ago. */
  readonly maxStalenessMs?: number | undefined
  /**
   * While the cluster has no primary nothing is committed, and so it is enough, in place of `maxStalenessMs`, that it shows
   * everything that was committed before this moment (our clock): what the session wrote.
   */
  readonly withoutPrimarySinceMs?: number | undefined
  /** It shows everything that was committed before this moment (our clock). */
  readonly sinceMs?: number | undefined
  /** It has replayed up to here. */
  readonly position?: Position | undefined
  /** It shows everything that these reads may have seen. */
  readonly after?: readonly SeenRead[] | undefined
}

/** Why a statement goes where it goes. A closed union: `explain()`, logs and metric labels all read this one value. */
export type RouteReason =
  /** A proven read, free to go to a replica. */
  | 'read'
  /** Not a proven read; the statement's own reason says why. */
  | 'not-a-read'
  /** Its session wrote, or read on the primary, less than `windowMs` ago, and the position of that is not known. */
  | 'session-wrote'
  /** The token that its session began with asks for the primary for now. */
  | 'token-primary'
  /** The consistency asked for is `strong`. */
  | 'strong'
  /** Its session has made a setting under which reads stay on the primary, or that a replica has refused. */
  | 'setting'
  /** A transaction of its client is open, and it runs there. */
  | 'in-transaction'
  /** Its client stays on its connection, which holds what cannot be had elsewhere. */
  | 'pinned'
  /** The caller asked for the primary. */
  | 'asked-primary'
  /** A comment in the statement asked for the primary. */
  | 'hint-primary'
  /** The caller asked for a replica, whatever the session wrote. */
  | 'asked-replica'
  /** A comment in the statement asked for a replica, whatever the session wrote. */
  | 'hint-replica'

/** The decision for one statement. */
export type Route =
  | { readonly role: 'primary'; readonly reason: RouteReason }
  | { readonly role: 'replica'; readonly reason: RouteReason; readonly freshness: Freshness }

/** What a replica may be asked for, whether it has replayed it. Another node's progress cannot be asked of it. */
export function positionToAsk(route: Route): Position | undefined {
  return route.role === 'replica' && route.freshness.after === undefined
    ? route.freshness.position
    : undefined
}
