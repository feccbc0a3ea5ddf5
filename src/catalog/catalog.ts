import type { Footprint, NamedUses } from './footprint.ts'
import type { QualifiedName } from './qualified-name.ts'

export type { QualifiedName } from './qualified-name.ts'

/**
 * Knowledge of the database's functions and relations. A catalog is an immutable snapshot, replaced as a whole when the
 * database has been queried again.
 */

/**
 * Verdict on running a function on a standby. Only `harmless` proves that it may run there with the same result as on
 * the primary.
 *
 * @example
 * const verdict: FunctionVerdict = catalog.functionVerdict({ name: 'now' }) // 'harmless'
 */
export type FunctionVerdict =
  | 'harmless'
  /** A standby rejects it, or it changes data. */
  | 'writes'
  /** Reads or leaves state of the connection: advisory locks, `set_config`, `currval`. */
  | 'session'
  /** Its result depends on the node: `pg_backend_pid`, the statistics functions. */
  | 'node-local'
  /** Has effects outside the database: dblink, untrusted languages. */
  | 'external'
  /** Labelled volatile by its owner, so it may do anything, and not proven harmless by its body. */
  | 'volatile'
  | 'declared-primary-only'
  /** Not one of the system's own, and the database has not been asked yet. */
  | 'pending'
  /** The database was asked and knows no such function. */
  | 'unknown'

/**
 * Verdict on reading a relation on a standby. Only `replicated` proves the same result as on the primary.
 *
 * @example
 * const verdict: RelationVerdict = catalog.relationVerdict({ schema: 'public', name: 'orders' })
 */
export type RelationVerdict =
  | 'replicated'
  | 'unlogged'
  | 'foreign'
  | 'temporary'
  /** A system view or catalog whose content depends on the node. */
  | 'node-local'
  /** A view, rule, policy or generated expression that depends on something that is not harmless. */
  | 'volatile'
  /** A sequence read as a relation: its row is behind on a standby. */
  | 'sequence'
  | 'declared-primary-only'
  | 'pending'
  | 'unknown'

/**
 * Verdict on using an operator, or a type as the target of a cast. `pending` also stands for one that the loaded
 * database does not have: then the statement fails on any node.
 *
 * @example
 * const verdict: OperatorVerdict = catalog.operatorVerdict({ name: '=' }) // 'harmless'
 */
export type OperatorVerdict = 'harmless' | 'volatile' | 'pending'

/** Facts that PostgreSQL may use when it parses or plans a text, and that a user can change later. */
export interface ParsingFacts {
  /** Stands for the schema that this was read from; see `Signal`. */
  readonly schema: string
  /** There are casts that apply by themselves to constants, and run a user's function. */
  readonly hasImplicitCasts: boolean
  /**
   * Whether planning a statement evaluates or expands one of this name although it may change. True, too, if a relation
   * runs such a function.
   */
  isFrozen(object: 'function' | 'relation' | 'operator', name: QualifiedName): boolean
  /** Whether a user has one of this name, in any schema. */
  hasOwn(object: 'function' | 'operator' | 'type', name: string): boolean
  /** Whether each column of this name, in all relations of users, is an integer, numeric, boolean, text or uuid. */
  isPlainColumn(name: string): boolean
}

/**
 * Verdicts on the functions, relations, operators and types of a database.
 *
 * @example
 * const statement = await classify('SELECT f(1)', { catalog })
 */
export interface Catalog {
  /**
   * Grows with every new catalog, so that a verdict can say which one it was made with. 0 is the builtin one, which is
   * in force again while a change made through this process is looked at.
   */
  readonly version: number
  /** `builtin`: only PostgreSQL's own names are known. `loaded`: the database was asked. */
  readonly source: 'builtin' | 'loaded'
  /** False when the server reads backslashes in plain literals as escapes: then nothing is proven to be a read. */
  readonly standardConformingStrings: boolean
  functionVerdict(name: QualifiedName): FunctionVerdict
  relationVerdict(name: QualifiedName): RelationVerdict
  operatorVerdict(name: QualifiedName): OperatorVerdict
  typeVerdict(name: QualifiedName): OperatorVerdict
  /** Absent while it is not known. */
  readonly parsing?: ParsingFacts
  /**
   * Returns the footprint of a text that uses these names. Absent while the database is not loaded: then it is
   * everything.
   */
  footprint?(uses: NamedUses): Footprint
}

/** Body of a function that can be analyzed. */
export type FunctionBody = SqlBody | PlPgSqlBody

export interface SqlBody {
  readonly language: 'sql'
  readonly text: string
}

/**
 * The body of a function in PL/pgSQL.
 *
 * @example
 * const queries = (parser: SqlParser, body: PlPgSqlBody) => parser.queriesIn?.(body) ?? []
 */
export interface PlPgSqlBody {
  readonly language: 'plpgsql'
  readonly text: string
  /** The start of its CREATE FUNCTION statement: name, arguments and result. */
  readonly head: string
}

/** Returns whether a body is proven, with this catalog, to only read. Must not throw. */
export type ReadProof = (body: FunctionBody, catalog: Catalog) => boolean
