import type { Values } from './backend-transaction.ts'
import type { Random } from './random.ts'
import type { WalRecord } from './wal.ts'

/** Times that a server takes, in milliseconds. Each call gives the time of one event. */
export interface Pace {
  /** From the start of a statement to its end. `random` belongs to the connection. */
  statement(text: string, values: Values, random: Random): number
  /** From the insertion of a commit to its flush. */
  flush(): number
  /** From the flush of a commit until it is visible. */
  show(): number
  /** From a flush on the upstream server until this one has the record. */
  receive(): number
  /** Until the next record is replayed, with `backlog` records to replay. */
  replay(record: WalRecord, backlog: number): number
  /** From the replay of a record until the replay position covers it. */
  cover(): number
}

/** Faults of a server that change its pace. */
export interface Hindrance {
  /** Additional replay lag, in milliseconds. */
  readonly extraLagMs: number
  /** Factor of the time that a statement takes. */
  readonly slowness: number
}

/** What is usual in a cluster, in milliseconds. */
export interface UsualPace {
  /** Replay lag. */
  readonly lagMs: number
  /** Longest time from when a replica shows a commit to when its position covers it. */
  readonly redoGapMs: number
}

/** The pace of servers that are to show races: fast as a rule, with long delays in a tenth of the cases. */
export function unsteadyPace(server: Hindrance, { lagMs, redoGapMs }: UsualPace, random: Random): Pace {
  return {
    statement: (_text, _values, ofConnection) => ofConnection.between(0.02, 0.15) * server.slowness,
    flush: () => random.between(0.05, 0.4),
    show: () => (random.chance(0.1) ? random.between(0, 2) : random.between(0, 0.05)),
    receive: () => random.between(0.1, 0.5),
    replay: (_record, backlog) => (random.between(0, 2 * lagMs) + server.extraLagMs) / backlog,
    cover: () => (random.chance(0.1) ? random.between(0, redoGapMs) : 0.01),
  }
}
