/** The promise about the data that reads show. */
export type Consistency =
  /** The newest data: reads run on the primary only. */
  | 'strong'
  /** All that the session has written, and that its token says; in a session of its own, never less than it has seen before. */
  | 'causal'
  /** Like `causal`, but by time alone: reads go to the primary for `windowMs` after a write of the session. */
  | 'window'
  /** Data that is at most `maxStalenessMs` old, whatever the session wrote. */
  | 'bounded'
  /** The data of any replica that is within `maxLag`. */
  | 'eventual'

export const CONSISTENCIES: readonly Consistency[] = ['strong', 'causal', 'window', 'bounded', 'eventual']
