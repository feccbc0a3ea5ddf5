import type { QualifiedName } from './qualified-name.ts'

/**
 * Type of a column whose values have one canonical form, in which two are the same exactly if PostgreSQL finds them
 * equal.
 *
 * @example
 * const type: KeyType = 'uuid'
 */
export type KeyType = 'int2' | 'int4' | 'int8' | 'uuid' | 'text' | 'varchar'

/**
 * Value in a statement: that of `$n`, or a constant as its text.
 *
 * @example
 * const values: KeyValue[] = [{ parameter: 1 }, { literal: '7' }]
 */
export type KeyValue = { readonly parameter: number } | KeyLiteral

/**
 * A constant of a statement, as its text.
 *
 * @example
 * const literal: KeyLiteral = { literal: '7' }
 */
export interface KeyLiteral {
  readonly literal: string
  /** Where it stands: an offset in characters (UTF-16 units) from the start of the text, when known. */
  readonly position?: number
}

/**
 * A column of a primary key, with the only value that it has in the rows that a statement touches.
 *
 * @example
 * const column: KeyColumn = { type: 'int4', value: { parameter: 1 } }
 */
export interface KeyColumn {
  readonly type: KeyType
  readonly value: KeyValue
}

/**
 * Proof that all rows of a relation that a statement touches have one primary key. It names the values; `keyOf` gives
 * the key for the parameters of one execution.
 *
 * @example
 * const proof: KeyProof = {
 *   relation: 'shop.orders',
 *   columns: [{ type: 'int4', value: { parameter: 1 } }],
 * }
 */
export interface KeyProof {
  /** Spelled as in the footprint. */
  readonly relation: string
  /** In the order of the primary key. */
  readonly columns: readonly KeyColumn[]
}

/** A column of a primary key that has a `KeyType`. */
export interface PrimaryKeyColumn {
  readonly name: string
  readonly type: KeyType
  /** Its place among the columns of its table, from 1. */
  readonly position: number
}

/** A value that a text requires a column to have. */
export type RequiredValue = { readonly parameter: number } | (KeyLiteral & { readonly isNumber: boolean })

/** A relation that a text names once, and of which it touches only rows with certain values. */
export interface KeyCandidate extends QualifiedName {
  readonly access: 'read' | 'insert' | 'update' | 'delete'
  /** By the names of columns, or by their positions, from 1, in an INSERT that names none. */
  readonly values: ReadonlyMap<string | number, RequiredValue>
  /** The columns that an UPDATE assigns. */
  readonly assigned?: readonly string[]
}
