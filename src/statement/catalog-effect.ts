import { UNCERTAIN } from '../catalog/footprint.ts'
import type { Statement, StatementReason } from './statement.ts'

/**
 * Effect of a statement on functions and relations in the catalog. `possible`: it runs code or text that is not
 * analyzed and seldom changes any.
 */
export type CatalogEffect = 'none' | 'possible' | 'certain'

const CERTAIN: ReadonlySet<StatementReason> = new Set<StatementReason>(['ddl', 'select-into', 'do'])

const POSSIBLE: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'call',
  'declared-primary-only',
  'execute',
  'function-external',
  'function-unknown',
  'function-volatile',
  'non-standard-strings',
  'parser-loading',
  'too-deep',
  'too-large',
  'unknown-statement',
  'unparseable',
])

/** May run triggers, or functions behind operators, types and defaults. The others run no code of users. */
const RUNS_CODE: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'catalog-pending',
  'copy-from',
  'cursor',
  'data-modifying',
  'data-modifying-cte',
  'function-writes',
  'maintenance',
  'operator-volatile',
  'refused-by-standby',
  'relation-foreign',
  'relation-unknown',
  'relation-unlogged',
  'relation-volatile',
  'row-lock',
  'two-phase',
  'type-volatile',
])

export function catalogEffectOf(statement: Statement): CatalogEffect {
  const { footprint, leaves, mayWrite, multiple, reason } = statement
  if (!mayWrite) return 'none'
  if (multiple) return 'certain'
  if (POSSIBLE.has(reason)) return 'possible'
  if (!CERTAIN.has(reason)) {
    // A function or trigger with a bounded footprint changes no schema.
    const isBounded = footprint.changes !== 'everything' || footprint === UNCERTAIN
    return isBounded || !RUNS_CODE.has(reason) ? 'none' : 'possible'
  }
  // Temporary objects stay with their connection, but a function may be called for them.
  if (leaves?.includes('temporary-object') !== true) return 'certain'
  return leaves.length > 1 ? 'possible' : 'none'
}

/** The effect of two statements together. */
export function together(first: CatalogEffect, second: CatalogEffect): CatalogEffect {
  if (first === 'certain' || second === 'certain') return 'certain'
  return first === 'none' ? second : first
}
