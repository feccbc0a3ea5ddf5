/** A pending timer. */
export interface Timer {
  /** Stops the timer. Has no effect when it has fired or was stopped before. */
  cancel(): void
}

/** The only source of time and randomness. It is passed in, so that tests can control both. */
export interface Platform {
  /** Monotonic clock, in milliseconds. Only differences are meaningful. */
  now(): number
  /** Wall-clock time (milliseconds since 1970), for times that other processes read. It may jump. */
  wallNowMs(): number
  /** CPU time that this process has used, in milliseconds. It stands still while the process is frozen. */
  cpuMs(): number
  /** A number in [0, 1). */
  random(): number
  /** Calls `callback` once after `delayMs`. Never keeps the process alive by itself. */
  schedule(delayMs: number, callback: () => void): Timer
  /**
   * Like `schedule`, for work that no caller waits for: probes, checks, the closing of idle connections. It may be put
   * off while the process is not in use.
   */
  scheduleWork(delayMs: number, callback: () => void): Timer
  /** Keeps the process alive until the returned function is called. */
  holdOpen(): () => void
}
