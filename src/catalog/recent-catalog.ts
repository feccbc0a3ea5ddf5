import type { Catalog, QualifiedName } from './catalog.ts'
import type { ChangeRow } from './recent-query.ts'

/**
 * A catalog for the time between a change of the database and the next full load: the known objects and the new plain
 * tables. Footprints are unknown meanwhile. Other new objects stay `pending`. `undefined` if the known objects may be
 * out of date. Either something that others may depend on was changed, or a new name may change the meaning of an
 * examined text.
 */
export function recentCatalog(
  known: Catalog,
  changes: readonly ChangeRow[],
  version: number,
): Catalog | undefined {
  // Often what might have changed something has not.
  if (changes.length === 0) return known
  if (changes.some((change) => shakes(known, change))) return undefined
  const plain = new Names()
  const pending = new Names()
  for (const { object, schema, name, change } of changes) {
    if (object === 'relation') (change === 'plain' ? plain : pending).add(schema, name)
  }
  return {
    version,
    source: 'loaded',
    standardConformingStrings: known.standardConformingStrings,
    // New objects of these kinds have new names, and a new name is not known.
    functionVerdict: (name) => pendingIfUnknown(known.functionVerdict(name)),
    relationVerdict: (name) => {
      if (pending.has(name)) return 'pending'
      const verdict = known.relationVerdict(name)
      if (verdict !== 'unknown') return verdict
      return plain.has(name) ? 'replicated' : 'unknown'
    },
    operatorVerdict: (name) => known.operatorVerdict(name),
    typeVerdict: (name) => known.typeVerdict(name),
  }
}

function pendingIfUnknown<Verdict extends string>(verdict: Verdict): Verdict | 'pending' {
  return verdict === 'unknown' ? 'pending' : verdict
}

/** True when something that was known may have become wrong. */
function shakes(known: Catalog, { object, name, change }: ChangeRow): boolean {
  switch (object) {
    case 'relation':
      // An unqualified name in a text that was looked into may now mean this one.
      return change === 'changed' || (change === 'new' && known.relationVerdict({ name }) !== 'unknown')
    case 'function':
    case 'type':
      // A type's name called like a function is a cast, and every relation has a type of its name.
      return known.functionVerdict({ name }) !== 'unknown' || known.typeVerdict({ name }) !== 'pending'
    case 'operator':
      return known.operatorVerdict({ name }) !== 'pending'
    case 'effect':
      // The effects of relations are not known until all is loaded again.
      return false
    case 'other':
      return true
    default:
      return object satisfies never
  }
}

/** Names, found with their schema and without. */
class Names {
  readonly #names = new Set<string>()

  add(schema: string, name: string): void {
    this.#names.add(name).add(`${schema}\0${name}`)
  }

  has({ schema, name }: QualifiedName): boolean {
    return this.#names.has(schema === undefined ? name : `${schema}\0${name}`)
  }
}
