/**
 * The scope of a consistency promise: a user, a request, a job. It is not a connection. Costs one small object and no
 * timer.
 */
export interface Session {
  /**
   * When (our clock, milliseconds) the session last heard the outcome of something that may have written.  `undefined`
   * while it has not written.
   */
  readonly lastWriteAtMs: number | undefined
}

/** A session as its owner sees it: what happened in it can be told to it. */
export interface MutableSession extends Session {
  /** Notes that the outcome of a write, or of something that may have been one, was heard at `nowMs`. */
  wrote(nowMs: number): void
}

export function createSession(): MutableSession {
  return new PlainSession()
}

class PlainSession implements MutableSession {
  #lastWriteAtMs: number | undefined

  get lastWriteAtMs(): number | undefined {
    return this.#lastWriteAtMs
  }

  wrote(nowMs: number): void {
    this.#lastWriteAtMs = nowMs
  }
}
