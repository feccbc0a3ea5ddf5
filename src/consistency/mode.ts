/**
 * Consistency level of reads: the oldest data that they may show.
 *
 * @example
 * const consistency: Consistency = 'bounded'
 */
export type Consistency =
  /** The newest data: reads run on the primary only. */
  | 'strong'
  /**
   * At least what the session has written and what its token names. In an explicit session, also everything seen
   * before.
   */
  | 'causal'
  /** Like `causal`, but by time alone: reads go to the primary for `windowMs` after a write of the session. */
  | 'window'
  /** Data that is at most `maxStalenessMs` old, regardless of the session's writes. */
  | 'bounded'
  /** Any data of a replica within `maxLag`. */
  | 'eventual'

export const CONSISTENCIES: readonly Consistency[] = ['strong', 'causal', 'window', 'bounded', 'eventual']
