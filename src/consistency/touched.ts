import type { RelationSet } from '../catalog/footprint.ts'
import type { KeyProof } from '../catalog/key.ts'
import { keyOf } from '../catalog/key-of.ts'
import type { Statement } from '../statement/statement.ts'

/**
 * Relations that a statement has changed or may show, spelled as in its footprint, or everything. Of a relation it may
 * name a single key, see `keyed`.
 */
export type Touched = 'everything' | readonly string[]

/** The part of a query that tells which keys it touches. */
export interface Execution {
  /** Values that may prove a key. */
  readonly keyValues: readonly unknown[]
}

/** An execution whose values prove nothing. */
export const OF_ANY_KEY: Execution = { keyValues: [] }

/** A larger set counts without keys, or as everything. */
const MOST_TOUCHED = 32

const BEFORE_KEY = '\0'

/** Relations that an execution of a statement may change. */
export function changedBy({ footprint }: Statement, execution: Execution): Touched {
  return touchedBy(footprint.changes, footprint.changedKeys, execution)
}

/** Relations on which the answer of an execution may depend. */
export function shownBy({ footprint }: Statement, execution: Execution): Touched {
  return touchedBy(footprint.shows, footprint.shownKeys, execution)
}

/**
 * Relations of which a statement on the primary has shown something to the session of a pool. Of a write only what it changed
 * counts there: see record 0026.
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
  const both = new Set([...one, ...other])
  if (both.size <= MOST_TOUCHED) return [...both]
  const relations = new Set([...both].map((name) => partsOf(name)[0]))
  return relations.size <= MOST_TOUCHED ? [...relations] : 'everything'
}

/** Names one key of a relation. A relation's name holds no NUL. */
export function keyed(relation: string, key: string): string {
  return relation + BEFORE_KEY + key
}

/** Returns the relation, and the key if there is one. */
export function partsOf(name: string): readonly [relation: string, key?: string] {
  const end = name.indexOf(BEFORE_KEY)
  return end === -1 ? [name] : [name.slice(0, end), name.slice(end + 1)]
}

function touchedBy(
  relations: RelationSet,
  proofs: readonly KeyProof[] | undefined,
  execution: Execution,
): Touched {
  if (proofs === undefined || relations === 'everything') return relations
  const { keyValues } = execution
  return relations.map((relation) => {
    const proof = proofs.find((each) => each.relation === relation)
    const key = proof && keyOf(proof, keyValues)
    return key === undefined ? relation : keyed(relation, key)
  })
}
