/** A transaction that the primary has not finished. */
export interface Unfinished {
  /** Its statement, and so its commit, began at this moment (our clock, milliseconds) or later. */
  readonly sinceMs: number
  /** It has committed, and waits for synchronous standbys before the primary shows it. */
  readonly isCommitted: boolean
}

/** Data that the primary may not show yet although a replica has shown it. */
export interface Unshown {
  /** By their ids. */
  readonly transactions: ReadonlyMap<string, Unfinished>
  /** True when the replica shows them as committed; false when it could not be asked. */
  readonly isCertain: boolean
}

/** Whether the primary shows all that a session has seen on replicas. */
export type Showing =
  | 'shown'
  /** It does not yet. */
  | 'hidden'
  /** Nobody can tell, or not soon enough. */
  | 'unknown'
