import type { InProgress } from '../topology/in-progress.ts'

/** A transaction that the primary has not finished. */
export interface Unfinished {
  /** Its last statement, and so its commit, started at this time (our clock, milliseconds) or later. */
  readonly sinceMs: number
  /** It has committed and waits for synchronous standbys before it becomes visible on the primary. */
  readonly isCommitted: boolean
}

/** Transactions that a replica has shown but the primary may not show yet. */
export interface Unshown {
  /** Keyed by transaction id. */
  readonly transactions: ReadonlyMap<string, Unfinished>
  /** True when the replica shows them as committed; false when it could not be asked. */
  readonly isCertain: boolean
}

/** Whether the primary shows everything that a session has seen on replicas. */
export type Showing =
  | 'shown'
  /** Not yet. */
  | 'hidden'
  /** There is no answer, or not soon enough. */
  | 'unknown'

/** An answer to the question which transactions the primary has in progress. */
export interface ListedTransactions extends InProgress {
  /** When the question was sent (our clock, milliseconds). */
  readonly askedAtMs: number
}

/** Proof that the primary shows what a session has seen on replicas. */
export interface ShowingProof {
  /** Asks the primary and the replicas. */
  prove(): Promise<Showing>
  /** Whether these transactions, asked for right before a read, prove it. Absent while that is unlikely. */
  readonly judge: ((listed: ListedTransactions) => boolean) | undefined
  /**
   * Resolves when the servers of what was read have told their timelines since; `undefined` when they have. If one is
   * newer than that of the primary, the primary is fenced by then. Transactions of two timelines prove nothing.
   */
  readonly heard: () => Promise<unknown> | undefined
}
