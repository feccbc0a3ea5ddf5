import type { Table } from './statements.ts'

/** Everything that a schedule consists of. The same plan always runs in the same way. */
export interface Plan {
  readonly seed: string
  readonly world: WorldPlan
  readonly options: Readonly<Record<string, unknown>>
  readonly actors: readonly Actor[]
  readonly faults: readonly Fault[]
}

export interface WorldPlan {
  /** Number of processes, each with a pool and ways to the servers of its own. @defaultValue 1 */
  readonly processes?: number
  readonly replicas: number
  /** Typical replay lag, in milliseconds. */
  readonly lagMs: number
  readonly isSynchronous: boolean
  readonly maxConnections: number
  /** WAL that others write, records per second. */
  readonly otherPerSecond: number
  /** Longest time from when a replica shows a commit to when its position covers it, in milliseconds. */
  readonly redoGapMs: number
}

/** One caller: its operations run one after the other. */
export interface Actor {
  readonly name: string
  /** Index of its process. */
  readonly process: number
  /** Whether it has a session of its own, or that of the pool. */
  readonly hasSession: boolean
  readonly operations: readonly Operation[]
}

/** A statement inside of a transaction. */
export type Step =
  | { readonly type: 'read'; readonly table: Table; readonly row: number }
  | { readonly type: 'read-all'; readonly table: Table }
  | { readonly type: 'update'; readonly table: Table; readonly row: number }
  | { readonly type: 'lock'; readonly table: Table; readonly row: number }

export type Action =
  | Step
  | { readonly type: 'returning'; readonly table: Table; readonly row: number }
  /** Reads all rows with a cursor, two at a time. */
  | { readonly type: 'cursor'; readonly table: Table; readonly thinkMs: number }
  | { readonly type: 'append' }
  | { readonly type: 'read-log' }
  | { readonly type: 'strong'; readonly table: Table; readonly row: number }
  | { readonly type: 'bounded'; readonly table: Table; readonly row: number; readonly maxStalenessMs: number }
  | {
      readonly type: 'transaction'
      readonly steps: readonly Step[]
      readonly ends: 'commit' | 'rollback'
      /** `client`: BEGIN and COMMIT on a client of `pool.connect()`. */
      readonly mode: 'plain' | 'read-only' | 'optimistic' | 'client'
      readonly isRepeatable: boolean
      /** Pause between its statements, in milliseconds. */
      readonly thinkMs: number
    }
  /** Statements on one client of `pool.connect()`, each an operation of its own. */
  | { readonly type: 'client'; readonly operations: readonly Operation[] }
  /** Gives the session's token to whoever adopts one next. */
  | { readonly type: 'hand-over' }
  /** Goes on in a new session with the last token. */
  | { readonly type: 'adopt' }

/** One operation. `id` is unique in the plan, and is the value that it writes. */
export interface Operation {
  readonly id: number
  /** Pause before it, in milliseconds. */
  readonly pauseMs: number
  readonly action: Action
}

/** A fault: when it comes, what it does to which server, and how long. */
export interface Fault {
  readonly atMs: number
  readonly type: FaultType
  /**
   * Index of the server, where 0 is the first primary; or the server that is the primary by then, or that was before
   * the last promotion.
   */
  readonly server: number | 'primary' | 'former'
  readonly forMs: number
  /** Index of the process that alone is cut off from the server. Absent: all of them. */
  readonly process?: number
}

export type FaultType =
  | 'pause-replay'
  | 'lag'
  | 'kill'
  | 'stop'
  | 'vanish'
  | 'freeze'
  | 'slow'
  | 'block-to-server'
  | 'block-to-client'
  | 'partition'
  | 'cut-stream'
  | 'terminate'
  | 'half-dead'
  | 'refuse'
  | 'restart-behind'
  /** The list of nodes does not name the server for a while. */
  | 'unlist'
  | 'checkpoint'
  | 'promote-killed'
  | 'promote-alive'
  | 'promote-partitioned'
  | 'promote-one-way'
  | 'promote-refusing'
  | 'promote-returns'
  | 'busy-loop'
  | 'frozen-process'
  | 'wall-clock'
