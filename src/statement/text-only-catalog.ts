import type { Catalog } from '../catalog/catalog.ts'
import { textOnlyFootprint } from '../catalog/text-only-footprint.ts'

/**
 * A catalog for judging a text without its database. A relation that `known` does not contain is taken for an ordinary
 * table, without triggers and foreign keys. Functions, operators and types stay as `known` has them, since those may do
 * anything.
 */
export function textOnlyCatalog(known: Catalog): Catalog {
  return {
    version: known.version,
    source: known.source,
    standardConformingStrings: known.standardConformingStrings,
    functionVerdict: (name) => known.functionVerdict(name),
    relationVerdict: (name) => {
      const verdict = known.relationVerdict(name)
      return verdict === 'pending' ? 'replicated' : verdict
    },
    operatorVerdict: (name) => known.operatorVerdict(name),
    typeVerdict: (name) => known.typeVerdict(name),
    footprint: (uses) => known.footprint?.(uses) ?? textOnlyFootprint(uses),
  }
}
