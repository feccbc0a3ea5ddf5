/** What the primary may not show yet although a replica has shown it. */
export interface Unshown {
  /** Transactions that the primary has not finished, by their ids. */
  readonly transactions: ReadonlySet<string>
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
