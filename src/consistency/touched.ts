import type { RelationSet } from '../catalog/footprint.ts'
import type { KeyProof } from '../catalog/key.ts'
import { keyOf } from '../catalog/key-of.ts'
import type { Statement } from '../statement/statement.ts'

/** A relation, spelled as in a footprint, or a single key of one. */
export type Part = string | RelationKey

/** A key of a relation: the rows that have it, or would. */
export interface RelationKey {
  readonly relation: string
  readonly key: string
}

/** Relations and keys that a statement has changed or may show, or everything. */
export type Touched = 'everything' | readonly Part[]

/** The part of a query that tells which keys it touches. */
export interface Execution {
  /** Values that may prove a key. */
  readonly keyValues: readonly unknown[]
}

/** An execution whose values prove nothing. */
export const OF_ANY_KEY: Execution = { keyValues: [] }

/** A larger set counts without keys, or as everything. */
const MOST_TOUCHED = 32

/** Relations that an execution of a statement may change. */
export function changedBy({ footprint }: Statement, execution: Execution): Touched {
  return touchedBy(footprint.changes, footprint.changedKeys, execution)
}

/** Relations on which the answer of an execution may depend. */
export function shownBy({ footprint }: Statement, execution: Execution): Touched {
  return touchedBy(footprint.shows, footprint.shownKeys, execution)
}

/**
 * Relations of which a statement on the primary has shown something to the session of a pool. Of a write only what it
 * changed counts there: see record 0026.
 */
export function answeredBy(statement: Statement, execution: Execution): Touched {
  const changed = changedBy(statement, execution)
  return changed.length === 0 ? shownBy(statement, execution) : changed
}

/** Union of two sets. */
export function union(one: Touched, other: Touched): Touched {
  if (one === other) return one
  if (one === 'everything' || other === 'everything') return 'everything'
  if (one.length === 0) return other
  if (other.length === 0) return one
  const both = [...one]
  for (const part of other) if (!both.some((each) => areSame(each, part))) both.push(part)
  if (both.length <= MOST_TOUCHED) return both
  const relations = new Set(both.map((part) => partsOf(part)[0]))
  return relations.size <= MOST_TOUCHED ? [...relations] : 'everything'
}

/** Returns the relation, and the key if there is one. */
export function partsOf(part: Part): readonly [relation: string, key?: string] {
  return typeof part === 'string' ? [part] : [part.relation, part.key]
}

function areSame(one: Part, other: Part): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return one.key === other.key && one.relation === other.relation
}

function touchedBy(
  relations: RelationSet,
  proofs: readonly KeyProof[] | undefined,
  execution: Execution,
): Touched {
  if (proofs === undefined || relations === 'everything') return relations
  return relations.map((relation) => partOf(relation, proofs, execution.keyValues))
}

function partOf(relation: string, proofs: readonly KeyProof[], values: readonly unknown[]): Part {
  for (const proof of proofs) {
    if (proof.relation !== relation) continue
    const key = keyOf(proof, values)
    return key === undefined ? relation : { relation, key }
  }
  return relation
}
