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
  readonly replicas: number
  /** Typical replay lag, in milliseconds. */
  readonly lagMs: number
  readonly isSynchronous: boolean
  readonly maxConnections: number
  /** WAL that others write, records per second. */
  readonly otherPerSecond: number
}

/** One caller: its operations run one after the other. */
export interface Actor {
  readonly name: string
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
  | { readonly type: 'append' }
  | { readonly type: 'read-log' }
  | { readonly type: 'strong'; readonly table: Table; readonly row: number }
  | { readonly type: 'bounded'; readonly table: Table; readonly row: number; readonly maxStalenessMs: number }
  | {
      readonly type: 'transaction'
      readonly steps: readonly Step[]
      readonly ends: 'commit' | 'rollback'
      readonly mode: 'plain' | 'read-only' | 'optimistic'
      readonly isRepeatable: boolean
      /** Pause between its statements, in milliseconds. */
      readonly thinkMs: number
    }
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
  /** Index of the server: 0 is the first primary. Absent for faults of the process. */
  readonly server: number
  readonly forMs: number
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
  | 'checkpoint'
  | 'promote-killed'
  | 'promote-alive'
  | 'promote-partitioned'
  | 'busy-loop'
  | 'frozen-process'
  | 'wall-clock'
