import type { Footprint, NamedUses } from './footprint.ts'
import type { QualifiedName } from './qualified-name.ts'

export type { QualifiedName } from './qualified-name.ts'

/**
 * What is known of the database's own functions and relations. A catalog is an immutable snapshot; the one in force is
 * replaced whole when the database was asked again.
 */

/**
 * What running a function on a standby means. Only `harmless` is proof that it may run there and gives what the primary
 * would give.
 */
export type FunctionVerdict =
  | 'harmless'
  /** A standby refuses it, or it changes data. */
  | 'writes'
  /** Reads or leaves state of the connection: advisory locks, `set_config`, `currval`. */
  | 'session'
  /** Answers for the node it runs on: `pg_backend_pid`, the statistics functions. */
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

/** What reading a relation on a standby means. Only `replicated` is proof that it gives what the primary would give. */
export type RelationVerdict =
  | 'replicated'
  | 'unlogged'
  | 'foreign'
  | 'temporary'
  /** A system view or catalog that answers for the node it is read on. */
  | 'node-local'
  /** A view, rule, policy or generated expression that reaches something which is not harmless. */
  | 'volatile'
  /** A sequence read as a relation: its row is behind on a standby. */
  | 'sequence'
  | 'declared-primary-only'
  | 'pending'
  | 'unknown'

/**
 * What using an operator or a type (as a cast's target) means. `pending` also stands for one that the database, when
 * asked, did not know: the statement fails on any node.
 */
export type OperatorVerdict = 'harmless' | 'volatile' | 'pending'

/** Facts that PostgreSQL may use when it parses or plans a text, and that a user can change later. */
export interface ParsingFacts {
  /** Stands for the schema that this was read from; see `Signal`. */
  readonly schema: string
  /** There are casts that apply by themselves to constants, and run a user's function. */
  readonly hasImplicitCasts: boolean
  /** Whether one of this name is evaluated or expanded when a statement is planned, though it may change; or a relation runs such a function. */
  isFrozen(object: 'function' | 'relation' | 'operator', name: QualifiedName): boolean
  /** Whether a user has one of this name, in any schema. */
  hasOwn(object: 'function' | 'operator' | 'type', name: string): boolean
  /** Whether each column of this name, in all relations of users, is an integer, numeric, boolean, text or uuid. */
  isPlainColumn(name: string): boolean
}

export interface Catalog {
  /**
   * Grows with every new catalog, so that a verdict can say which one it was made with. 0 is the builtin one, which is in
   * force again while a change made through this process is looked at.
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
  /** What a text that uses these names may touch. Absent while the database is not known: then it is everything. */
  footprint?(uses: NamedUses): Footprint
}

/** What a function consists of, as far as it can be looked into. */
export type FunctionBody = SqlBody | PlPgSqlBody

export interface SqlBody {
  readonly language: 'sql'
  readonly text: string
}

export interface PlPgSqlBody {
  readonly language: 'plpgsql'
  readonly text: string
  /** What stands before the body where the function is created: its name, its arguments and its result. */
  readonly head: string
}

/** True when a body is proven, with this catalog, to do nothing but read. Must not throw. */
export type ReadProof = (body: FunctionBody, catalog: Catalog) => boolean
