/** What reads may show. */
export type Consistency =
  /** The newest: the primary only. */
  | 'strong'
  /** What the session has written, and what its token says; in a session of its own, never less than it has seen before. */
  | 'causal'
  /** As `causal`, by time alone: reads of a session that wrote go to the primary for `windowMs`. */
  | 'window'
  /** What is at most `maxStalenessMs` old, whatever the session wrote. */
  | 'bounded'
  /** Whatever a replica shows that is within `maxLag`. */
  | 'eventual'

export const CONSISTENCIES: readonly Consistency[] = ['strong', 'causal', 'window', 'bounded', 'eventual']
