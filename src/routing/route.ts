/** How fresh a replica must be for a statement. */
export interface Freshness {
  /** It shows everything that was committed this many milliseconds ago. */
  readonly maxStalenessMs: number
  /**
   * While the cluster has no primary nothing is committed, and so it is enough when the replica shows everything that was
   * committed before this moment (our clock): what the session wrote. Absent when the caller named a bound.
   */
  readonly withoutPrimarySinceMs?: number
}

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
export type Route =
  | { readonly role: 'primary'; readonly reason: RouteReason }
  | { readonly role: 'replica'; readonly reason: RouteReason; readonly freshness: Freshness }
