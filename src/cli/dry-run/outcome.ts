import type { Statement, StatementReason } from '../../statement/statement.ts'
import type { Traffic } from './traffic.ts'

/** Why a statement would run on the primary. A closed union. */
export type Cause =
  | StatementReason
  /** A read in a transaction that only reads, and does not say so. */
  | 'in-reading-transaction'
  /** A read in a transaction that writes. */
  | 'in-writing-transaction'
  /** A read in a transaction that begins READ ONLY and has to leave its replica. */
  | 'in-moved-transaction'
  /** A read of a client whose connection holds state. */
  | 'pinned'
  /** A read under a setting that keeps reads on the primary. */
  | 'setting'
  /** A read whose comment asks for the primary. */
  | 'hint-primary'

/** A statement, and where it would have run. */
export interface Outcome {
  readonly traffic: Traffic
  readonly statement: Statement
  /** Absent for a replica. */
  readonly cause?: Cause
}
