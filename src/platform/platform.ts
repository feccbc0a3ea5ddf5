/** A pending timer. */
export interface Timer {
  /** Stops it. Harmless when it has fired or was stopped before. */
  cancel(): void
}

/** The only source of time and chance. Given to whoever needs it, so that tests can drive both. */
export interface Platform {
  /** Monotonic clock, in milliseconds. Only differences mean something. */
  now(): number
  /** Time on the wall (milliseconds since 1970): for what other processes read. It may jump. */
  wallNowMs(): number
  /** A number in [0, 1). */
  random(): number
  /** Calls `callback` once after `delayMs`. Never keeps the process alive by itself. */
  schedule(delayMs: number, callback: () => void): Timer
  /** Keeps the process alive until the returned function is called: for the time that somebody waits for an answer. */
  holdOpen(): () => void
}
