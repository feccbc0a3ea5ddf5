import type { PlPgSqlBody, QualifiedName } from '../catalog/catalog.ts'
import type { Target } from '../catalog/footprint.ts'
import type { KeyCandidate } from '../catalog/key.ts'
import type { Lasting } from './lasting/look.ts'
import type { Records } from './plpgsql/queries.ts'
import type { SessionState } from './session-state.ts'
import type { SettingChange } from './setting-change.ts'
import type { Offender, StatementKind, StatementReason, TransactionModes } from './statement.ts'

/**
 * A name that the text uses, with where it stands.
 *
 * @example
 * const names: readonly NameUse[] = parser.analyze('SELECT now()').functions
 */
export interface NameUse extends QualifiedName {
  /** An offset in characters (UTF-16 units) from the start of the text, when known. */
  readonly position?: number
  /** True for a call whose effect on its session ends with the transaction: `set_config(…, true)`. */
  readonly endsWithTransaction?: boolean
}

/**
 * Result of parsing a text: the verdict on the statement's form, and the names that the catalog has to judge. Kept in
 * the cache in place of the syntax tree.
 *
 * @example
 * const { relations }: Analysis = parser.analyze('SELECT * FROM orders')
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
  /**
   * All that it does to settings that outlive its transaction. Absent when there is none, or when it is not certain.
   */
  readonly settings?: readonly SettingChange[]
  readonly multiple: boolean
  /** True when the text could not be looked at just now. Not to be remembered. */
  readonly isProvisional?: boolean
  readonly functions: readonly NameUse[]
  /** Relations that are read or changed; names bound by the text itself (CTEs) are left out. */
  readonly relations: readonly NameUse[]
  /** Relations that are changed. Absent where the text may touch something that it does not name. */
  readonly targets?: readonly Target[]
  /** Relations of which it touches only rows with certain values. Absent where there are none. */
  readonly keys?: readonly KeyCandidate[]
  readonly operators: readonly NameUse[]
  /**
   * Names after a dot: `name` in `t.name` and `(x).name`. Nearly always a column, but `t.name` is a call of `name(t)`
   * if there is such a function and no such column.
   */
  readonly attributes?: readonly NameUse[]
  /** Targets of casts. */
  readonly types: readonly NameUse[]
  /**
   * Values that it would freeze if it were prepared. Absent unless it is a single SELECT, and with a parser that does
   * not determine them.
   */
  readonly lasting?: Lasting
}

/**
 * One SQL grammar. Pure: text in, analysis out.
 *
 * @example
 * const parser: SqlParser = createLibpgQueryParser()
 */
export interface SqlParser {
  readonly name: 'libpg-query' | 'node-sql-parser'
  /** Whether `analyze` may be called. */
  readonly isLoaded: boolean
  /** Starts to load in the background what `load` needs. `load` reports failures. A parser may leave it out. */
  warm?(): void
  /** Resolves when `analyze` may be called. Rejects with `SWITCHYARD_PARSER_UNAVAILABLE`, saying what to do. */
  load(): Promise<void>
  /** Never throws for bad SQL: what cannot be parsed comes back as a write with the reason `unparseable`. */
  analyze(sql: string): Analysis
  /**
   * The text's shape: the same for texts that differ in constants, spacing, comments and lengths of lists alone.
   * Undefined for what cannot be parsed, or not just now. Never throws. A parser without shapes leaves it out.
   */
  fingerprint?(sql: string): string | undefined
  /**
   * The names that a text gives to relations and types. Undefined where it may give others too, or for what cannot be
   * parsed just now. Never throws. Of a parser without this method every word is taken for such a name.
   */
  givenNames?(sql: string): readonly string[] | undefined
  /**
   * Returns what a PL/pgSQL function may run, as SQL texts: it only reads if each of them does. Undefined when it may
   * do more. A parser without this method proves no such function.
   *
   * @param records Whether fields of a record may be assigned to, whose types are unknown. @defaultValue 'typed'
   */
  queriesIn?(body: PlPgSqlBody, records?: Records): readonly string[] | undefined
}
