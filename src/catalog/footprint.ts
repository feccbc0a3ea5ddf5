import type { KeyCandidate, KeyProof } from './key.ts'
import type { QualifiedName } from './qualified-name.ts'

/**
 * Relations, spelled as in SQL and sorted. `schema.name` is that one relation; `name` is every relation of that name,
 * in any schema. A table stands for its partitions and for the tables that inherit from it: these appear under the name
 * of the topmost table. Views do not appear, the relations below them do. `'everything'` where a bounded set cannot be
 * proven.
 *
 * @example
 * const isEverything = (relations: RelationSet) => relations === 'everything'
 */
export type RelationSet = 'everything' | readonly string[]

/**
 * Relations of its database that a statement may touch. It covers only what the catalog knows. Temporary objects that
 * the connection has created since are not part of it, nor are changes to the schema in the same transaction.
 *
 * @example
 * const { footprint }: { footprint: Footprint } = await classify('SELECT * FROM orders')
 * console.log(footprint.shows) // ['orders']
 */
export interface Footprint {
  /** Relations whose contents it may change, including by triggers, rules and foreign keys. */
  readonly changes: RelationSet
  /** Relations on whose contents its result, its errors or its effects may depend. */
  readonly shows: RelationSet
  /**
   * For some of the relations that it changes: it changes only rows with this primary key. Absent where there are none.
   */
  readonly changedKeys?: readonly KeyProof[]
  /** For some of the relations that it shows: it shows only rows with this primary key. Absent where there are none. */
  readonly shownKeys?: readonly KeyProof[]
}

/** How a statement treats a relation that it does not merely read. */
export type Access =
  'insert' | 'update' | 'delete' | 'truncate' | 'truncate-cascade' | 'refresh' | 'set-sequence'

export interface Target extends QualifiedName {
  readonly access: Access
  /** Of an UPDATE, the columns that it assigns. Absent where they are not known. */
  readonly columns?: readonly string[]
}

/** All names that an SQL text uses. */
export interface NamedUses {
  readonly functions: readonly QualifiedName[]
  /** Relations that are read or changed. */
  readonly relations: readonly QualifiedName[]
  readonly operators: readonly QualifiedName[]
  readonly types: readonly QualifiedName[]
  /** Names behind a dot, which may be functions: `t.name` may mean `name(t)`. */
  readonly attributes?: readonly QualifiedName[]
  /** Relations that are changed. Absent where the text may touch something that it does not name. */
  readonly targets?: readonly Target[]
  /** Relations of which the text touches only rows with certain values. */
  readonly keys?: readonly KeyCandidate[]
}

/** A larger set is `'everything'`. */
export const MOST_RELATIONS = 32

export const EVERYTHING: Footprint = Object.freeze({ changes: 'everything', shows: 'everything' })
/** Of a write with a bounded footprint, while the schema may have changed. */
export const UNCERTAIN: Footprint = Object.freeze({ ...EVERYTHING })
const SHOWS_EVERYTHING: Footprint = Object.freeze({ changes: Object.freeze([]), shows: 'everything' })

/** The footprint of a statement that is proven to change nothing. */
export function withoutChanges(footprint: Footprint): Footprint {
  if (footprint.changes.length === 0) return footprint
  if (footprint === EVERYTHING) return SHOWS_EVERYTHING
  const { changedKeys: _, ...shown } = footprint
  return Object.freeze({ ...shown, changes: SHOWS_EVERYTHING.changes })
}

/**
 * Whether a statement that shows `shows` may give another answer because of one that changes `changes`. A statement
 * that changes everything may have changed the schema, so it affects even a statement that shows no relation.
 */
export function meets(changes: RelationSet, shows: RelationSet): boolean {
  if (changes === 'everything') return true
  if (changes.length === 0 || shows.length === 0) return false
  return shows === 'everything' || changes.some((one) => shows.some((other) => isSame(one, other)))
}

/** A name without a schema stands for each relation of that name. */
function isSame(one: string, other: string): boolean {
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)
}
