import type { Catalog } from '../../catalog/catalog.ts'
import { EVERYTHING } from '../../catalog/footprint.ts'
import { spelled, type QualifiedName } from '../../catalog/qualified-name.ts'

/**
 * The catalog of a database for statements that ran earlier: a relation that has been dropped since is taken for an
 * ordinary table.
 */
export interface HistoricCatalog extends Catalog {
  /** Names of relations that statements use and the database does not have. */
  readonly missing: ReadonlySet<string>
}

export function historicCatalog(known: Catalog): HistoricCatalog {
  const missing = new Set<string>()
  return {
    missing,
    version: known.version,
    source: known.source,
    standardConformingStrings: known.standardConformingStrings,
    functionVerdict: (name) => known.functionVerdict(name),
    relationVerdict: (name: QualifiedName) => {
      const verdict = known.relationVerdict(name)
      if (verdict !== 'unknown') return verdict
      missing.add(spelled(name))
      return 'replicated'
    },
    operatorVerdict: (name) => known.operatorVerdict(name),
    typeVerdict: (name) => known.typeVerdict(name),
    footprint: (uses) => known.footprint?.(uses) ?? EVERYTHING,
    ...(known.parsing && { parsing: known.parsing }),
  }
}
