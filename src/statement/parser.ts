import type { PlPgSqlBody, QualifiedName } from '../catalog/catalog.ts'
import type { Target } from '../catalog/footprint.ts'
import type { Lasting } from './lasting/look.ts'
import type { Records } from './plpgsql/queries.ts'
import type { SessionState } from './session-state.ts'
import type { SettingChange } from './setting-change.ts'
import type { Offender, StatementKind, StatementReason, TransactionModes } from './statement.ts'

/** A name that the text uses, with where it stands. */
export interface NameUse extends QualifiedName {
  /** An offset in characters (UTF-16 units) from the start of the text, when known. */
  readonly position?: number
  /** True for a call whose effect on its session ends with the transaction: `set_config(…, true)`. */
  readonly endsWithTransaction?: boolean
}

/**
 * What one parse found out by the text alone: the verdict on the statement's form, and the names on which the catalog
 * has the last word. Kept in the cache in place of the syntax tree.
 */
export interface Analysis {
  readonly kind: StatementKind
  readonly reason: StatementReason
  readonly offender?: Offender
  readonly hint?: 'primary' | 'replica'
  readonly modes?: TransactionModes
  readonly mayWrite: boolean
  readonly leavesSessionState: boolean
  readonly leaves?: readonly SessionState[]
  /** All that it does to settings that outlive its transaction. Absent when there is none, or when it is not certain. */
  readonly settings?: readonly SettingChange[]
  readonly multiple: boolean
  /** True when the text could not be looked at just now. Not to be remembered. */
  readonly isProvisional?: boolean
  readonly functions: readonly NameUse[]
  /** Relations that are read or changed; names bound by the text itself (CTEs) are left out. */
  readonly relations: readonly NameUse[]
  /** Relations that are changed. Absent where the text may touch something that it does not name. */
  readonly targets?: readonly Target[]
  readonly operators: readonly NameUse[]
  /**
   * What stands behind a dot: `name` in `t.name` and `(x).name`. Nearly always a column, and yet `t.name` is a call of
   * `name(t)` where there is such a function and no such column.
   */
  readonly attributes?: readonly NameUse[]
  /** Targets of casts. */
  readonly types: readonly NameUse[]
  /** What it would freeze if it were prepared. Absent for what is no single SELECT, and of a parser that does not tell. */
  readonly lasting?: Lasting
}

/** One SQL grammar. Pure: text in, analysis out. */
export interface SqlParser {
  readonly name: 'libpg-query' | 'node-sql-parser'
  /** Resolves when `analyze` may be called. Rejects with `SWITCHYARD_PARSER_UNAVAILABLE`, saying what to do. */
  load(): Promise<void>
  /** Never throws for bad SQL: what cannot be parsed comes back as a write with the reason `unparseable`. */
  analyze(sql: string): Analysis
  /**
   * The text's shape: the same for texts that differ in constants, spacing, comments and lengths of lists alone. Undefined
   * for what cannot be parsed, or not just now. Never throws. A parser without shapes leaves it out.
   */
  fingerprint?(sql: string): string | undefined
  /**
   * The names that a text gives to relations and types. Undefined where it may give others too, or for what cannot be parsed
   * just now. Never throws. Of a parser without this method every word is taken for such a name.
   */
  givenNames?(sql: string): readonly string[] | undefined
  /**
   * What a function in PL/pgSQL may run, as texts of SQL: it does nothing but read if each of them does. Undefined when it
   * may do more than that. A parser without this method looks into no such function.
   *
   * @param records Whether fields of a record may be assigned to, whose types nobody knows. @defaultValue 'typed'
   */
  queriesIn?(body: PlPgSqlBody, records?: Records): readonly string[] | undefined
}
