/** How fresh a node must be for a statement. */
export type Freshness =
  /** Only the primary will do. */
  | { readonly kind: 'newest' }
  /** Any node known to show everything that was committed this many milliseconds ago. */
  | { readonly kind: 'within'; readonly maxStalenessMs: number }

/** Why a statement goes where it goes. A closed union: `explain()`, logs and metric labels all read this one value. */
export type RouteReason =
  /** A proven read, free to go to a replica. */
  | 'read'
  /** Not a proven read; the statement's own reason says why. */
  | 'not-a-read'
  /** Its session wrote less than `windowMs` ago. */
  | 'session-wrote'
  /** The caller asked for the primary. */
  | 'asked-primary'
  /** A comment in the statement asked for the primary. */
  | 'hint-primary'
  /** The caller asked for a replica, whatever the session wrote. */
  | 'asked-replica'
  /** A comment in the statement asked for a replica, whatever the session wrote. */
  | 'hint-replica'

/** The decision for one statement. */
export interface Route {
  readonly role: 'primary' | 'replica'
  readonly freshness: Freshness
  readonly reason: RouteReason
}
