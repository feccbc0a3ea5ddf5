import type { TreeNode, TreeValue } from '../tree.ts'

/**
 * Why a read is not prepared: something in it is worked out when it is parsed or planned, and may be otherwise later.
 */
export type Frozen =
  /** A literal is of a type whose values depend on settings, on the time or on the schema: `timestamptz 'now'`. */
  | 'literal-type'
  /** The type of a literal is not certain and may be such a type. */
  | 'literal-unproven'
  /**
   * A function of a user that is labelled IMMUTABLE, or written in SQL: PostgreSQL evaluates or expands it while it
   * plans.
   */
  | 'function'
  /** An operator or a type of a user, among constants. */
  | 'user-defined'
  /** A view, policy or column that one of these is a part of. */
  | 'relation'
  /** XML and SQL/JSON, whose constants are worked out by settings. */
  | 'xml-or-json'
  /** The database is not known well enough, or the parser does not tell. */
  | 'unproven'

/** Whether a read may be prepared: in which schema, or why not. */
export type Naming = { readonly schema: string } | { readonly frozen: Frozen }

/**
 * Values that a text freezes when it is prepared, and the conditions on the database under which it freezes no others.
 */
export interface Lasting {
  /** The text alone tells that something is frozen. */
  readonly frozen?: Frozen
  /** Each column of the database with one of these names must be of a plain type. */
  readonly columns: readonly string[]
  /** Functions and operators with these names must be the system's own, and no others. */
  readonly functions: readonly string[]
  readonly operators: readonly string[]
  /** Types that something else than a parameter is cast to: they must be the system's own. */
  readonly types: readonly string[]
}

/**
 * Kind of an expression's type. `literal`: a string without a type yet. `null`: the same for any type. `plain`: an
 * integer, numeric, boolean, text or uuid. A column may be plain: the database knows.
 */
export type Kind = 'literal' | 'null' | 'plain' | 'other' | { readonly column: string }

/** The interface of a rule to the walk. */
export interface Look {
  /** True in a branch of UNION, INTERSECT or EXCEPT, where a literal gets the type of the other branches. */
  readonly isBranch: boolean
  refuse(frozen: Frozen): void
  /** Functions and operators of this name must be the system's own, and so must a type. */
  needFunction(name: string): void
  needOperator(name: string): void
  needType(name: string): void
  /** The text gives this name to a column. */
  give(name: string): void
  /** There are columns whose types are not those of a table's columns. */
  noteOtherColumns(): void
  /** True when it is of a plain type; a column, if the database says so. */
  isPlain(kind: Kind): boolean
  /** The kind of a wrapped expression, after all of it was looked into. */
  kindOf(value: TreeValue | undefined): Kind
  /** Looks into anything in a place that says nothing of a literal's type. */
  inspect(value: TreeValue | undefined): void
  /**
   * Looks into values of one type: literals are given that of the others, which must be plain. With no others they are
   * texts.
   */
  common(values: readonly TreeValue[]): Kind
  /** Looks into a branch of a set operation such as UNION, or into what is in none. */
  within(isBranch: boolean, body: () => void): void
}

/** Rule for one kind of node. */
export type LookRule = (node: TreeNode, look: Look) => Kind
