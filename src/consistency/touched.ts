import type { RelationSet } from '../catalog/footprint.ts'
import type { Statement } from '../statement/statement.ts'

/**
 * Relations that a statement has changed or may show, spelled as in its footprint, or everything. A `Touched` may also
 * name a single key of a relation, see `keyed`.
 */
export type Touched = RelationSet

/** A larger set counts as everything. */
const MOST_TOUCHED = 32

/** Relations that a statement may change. */
export function changedBy({ footprint }: Statement, _values?: readonly unknown[]): Touched {
  return footprint.changes
}

/** Relations on which the answer of a statement may depend. */
export function shownBy({ footprint }: Statement, _values?: readonly unknown[]): Touched {
  return footprint.shows
}

/** Union of two sets. */
export function union(one: Touched, other: Touched): Touched {
  if (one === 'everything' || other === 'everything') return 'everything'
  if (one.length === 0) return other
  if (other.length === 0) return one
  const both = new Set([...one, ...other])
  return both.size > MOST_TOUCHED ? 'everything' : [...both]
}
