/** A statement of a running system, or several runs of one. */
export interface Traffic {
  /** Connection that it ran on. Absent where that is not known: then nothing is known of its transaction either. */
  readonly session?: string
  readonly sql: string
  readonly calls: number
  /** Time of all runs, in milliseconds. Absent where it is not known. */
  readonly ms?: number
}

/** Traffic from one source, with what the source cannot tell. */
export interface Source {
  readonly traffic: AsyncIterable<Traffic | SessionEnd>
  /** Sentences for the report. To be read when the traffic has ended. */
  notes(): readonly string[]
}

/** The connection was closed. */
export interface SessionEnd {
  readonly ended: string
}
