import type { Footprint } from '../catalog/footprint.ts'
import type { Naming } from './lasting/look.ts'
import type { Mention } from './mentions.ts'
import type { SessionState } from './session-state.ts'
import type { SettingChange } from './setting-change.ts'

/**
 * Kind of a statement, for routing. When in doubt it is a `write`.
 *
 * @example
 * const kind: StatementKind = (await classify('SELECT 1')).kind
 */
export type StatementKind =
  /** Proven to have no side effect and no session state, with the same result on a replica as on the primary. */
  | 'read'
  /** Everything else, also what is uncertain. */
  | 'write'
  /** Transaction control: BEGIN, COMMIT, SAVEPOINT, PREPARE TRANSACTION … */
  | 'transaction'
  /** Reads or leaves state of its connection: SET, PREPARE, LISTEN, cursors, advisory locks … */
  | 'session'

/**
 * Why a statement has its kind. A closed union: `explain()`, logs and metric labels all read this one value.
 *
 * @example
 * const reason: StatementReason = (await classify('SELECT 1 FOR UPDATE')).reason
 */
export type StatementReason =
  // read
  | 'select'
  | 'explain'
  | 'copy-to'
  | 'empty'
  // write: the statement's own form
  | 'data-modifying'
  | 'data-modifying-cte'
  | 'row-lock'
  | 'select-into'
  | 'ddl'
  | 'copy-from'
  | 'copy-program'
  | 'copy-to-file'
  | 'call'
  | 'do'
  | 'lock-table'
  | 'maintenance'
  | 'notify'
  | 'server-command'
  | 'unknown-statement'
  // write: what it touches
  | 'function-writes'
  | 'function-volatile'
  | 'function-node-local'
  | 'function-external'
  | 'function-unknown'
  | 'relation-unlogged'
  | 'relation-foreign'
  | 'relation-temporary'
  | 'relation-node-local'
  | 'relation-volatile'
  | 'relation-sequence'
  | 'relation-unknown'
  | 'operator-volatile'
  | 'type-volatile'
  | 'declared-primary-only'
  | 'catalog-pending'
  // write: it looked like a read, and a standby said otherwise
  | 'refused-by-standby'
  // write: it could not be judged
  | 'unparseable'
  | 'too-large'
  | 'too-deep'
  | 'non-standard-strings'
  | 'parser-loading'
  // transaction
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'set-transaction'
  | 'two-phase'
  // session
  | 'set'
  | 'show'
  | 'load'
  | 'prepare'
  | 'execute'
  | 'deallocate'
  | 'discard'
  | 'cursor'
  | 'listen'
  | 'function-session'
  | 'function-setting'
  | 'constraints'

/**
 * Access mode of a transaction.
 *
 * @example
 * const accessMode: AccessMode = 'read only'
 */
export type AccessMode = 'read only' | 'read write'
/**
 * Isolation level of a transaction.
 *
 * @example
 * const isolation: IsolationLevel = 'repeatable read'
 */
export type IsolationLevel = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable'

/**
 * Modes that BEGIN, START TRANSACTION or SET TRANSACTION request.
 *
 * @example
 * const modes: TransactionModes | undefined = (await classify('BEGIN READ ONLY')).modes
 */
export interface TransactionModes {
  readonly accessMode?: AccessMode
  readonly isolation?: IsolationLevel
  readonly deferrable?: boolean
}

/**
 * The piece of the text that decided.
 *
 * @example
 * const { offender }: { offender?: Offender } = await classify("SELECT nextval('ids')")
 * console.log(offender?.text) // nextval
 */
export interface Offender {
  /** The function's or relation's name, or the clause, as people would write it. */
  readonly text: string
  /** Where it stands: an offset in characters (UTF-16 units) from the start of the text, when known. */
  readonly position?: number
}

/**
 * One SQL text after judgement. Immutable, and shared by every execution of the same text.
 *
 * @example
 * const statement: Statement = await classify('SELECT 1')
 */
export interface Statement {
  readonly kind: StatementKind
  readonly reason: StatementReason
  /** Absent where the text as a whole decided. */
  readonly offender?: Offender
  /** Asked for by a comment, `/* route: primary *\/` or `/* route: replica *\/`. */
  readonly hint?: 'primary' | 'replica'
  /** Modes of the BEGIN, START TRANSACTION or SET TRANSACTION in the text. */
  readonly modes?: TransactionModes
  /** False only when it is proven that the text commits no change of data: a read, BEGIN, SET, LISTEN … */
  readonly mayWrite: boolean
  /**
   * True when it leaves state on its connection that later statements of the same client may rely on. True, too, when
   * that cannot be ruled out: a function that may do anything, a text that could not be judged.
   */
  readonly leavesSessionState: boolean
  /** The state that it leaves there. Absent for none. */
  readonly leaves?: readonly SessionState[]
  /**
   * All its changes to settings of the session, in order. Absent when it changes none, or does something else as well.
   */
  readonly settings?: readonly SettingChange[]
  /** Words of its text that matter to its connection or session. Absent when there are none. */
  readonly mentions?: readonly Mention[]
  /** Whether this read may be prepared. Absent unless it is a single read that may. */
  readonly naming?: Naming
  /** The relations that it may change, and those that its answer may depend on. */
  readonly footprint: Footprint
  /** True for a text of several statements. Kind and reason are those of the strictest. */
  readonly multiple: boolean
}
