import type { Operation } from './history.ts'

/**
 * What a session may rely on, after Terry et al., "Session Guarantees for Weakly Consistent Replicated Data" (1994), and
 * that a write that was acknowledged is there.
 */
export type Rule =
  /** It reads what it wrote, or newer. */
  | 'read-your-writes'
  /** It never reads older than it has read. */
  | 'monotonic-reads'
  /** Its writes come one after the other, for itself and for whoever has seen a later one of them. */
  | 'monotonic-writes'
  /** Its writes come after what it had read, for itself and for whoever has seen them. */
  | 'writes-follow-reads'
  /** No two writes of a register were told the same version. */
  | 'no-lost-writes'

export interface Violation {
  readonly rule: Rule
  readonly operation: Operation
  /** The lowest version that would have been right. */
  readonly wanted: number
}
