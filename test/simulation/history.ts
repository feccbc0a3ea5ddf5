import type { Operation } from './plan.ts'

/** Rows that one read has shown. `covers` is a single key, or a table of which all rows were shown. */
export interface Shown {
  readonly covers: string
  readonly rows: ReadonlyMap<string, string>
}

/** Kind of a promise that a call's reads have: all of it, none, or what the transaction has from its beginning. */
export type Promised = 'session' | 'everything' | 'bounded' | 'nothing'

/** One operation of the workload, and what became of it. */
export interface Call {
  readonly operation: Operation
  readonly actor: string
  /** Index of its process. */
  readonly process: number
  /** The session it belongs to; that of the pool of its process is `pool`. */
  readonly session: string
  readonly beganMs: number
  readonly promised: Promised
  endedMs: number | undefined
  error: Error | undefined
  outcome: string | undefined
  readonly shown: Shown[]
  /** Keys that it was told to have written with its id. */
  readonly wrote: Set<string>
  /** Keys that it has sent a write for. */
  readonly sent: Set<string>
  /** Rolled back by the caller. */
  isRolledBack: boolean
  /** Highest timeline whose primary the pool had seen when the call began. */
  readonly knownTimeline: number
  /** That when its last write or its COMMIT was to be sent. */
  knownAtWrite: number
  /** That when it ended. */
  knownAtEnd: number
}

/** All calls of a schedule, in the order in which they began. */
export class History {
  readonly calls: Call[] = []
  /** The sessions that a new session continues, by its name: those of which it has a token, and when that was taken. */
  readonly continued: Map<string, { readonly session: string; readonly atMs: number }> = new Map()
}
