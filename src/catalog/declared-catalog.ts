import type { Catalog, QualifiedName } from './catalog.ts'
import { EVERYTHING } from './footprint.ts'
import type { DeclaredName } from './declared.ts'

/**
 * A catalog in which the user's declarations have the last word. A name without a schema in the SQL text may mean any
 * schema's. If one of them is declared to belong to the primary, the name does, too. A declaration of one as a read
 * proves nothing for the others.
 */
export function withDeclared(catalog: Catalog, declared: readonly DeclaredName[]): Catalog {
  if (declared.length === 0) return catalog
  const functions = lookup(declared.filter((each) => each.object === 'function'))
  const relations = lookup(declared.filter((each) => each.object === 'relation'))
  return {
    version: catalog.version,
    source: catalog.source,
    standardConformingStrings: catalog.standardConformingStrings,
    functionVerdict: (name) => harmlessAs('harmless', functions(name)) ?? catalog.functionVerdict(name),
    relationVerdict: (name) => harmlessAs('replicated', relations(name)) ?? catalog.relationVerdict(name),
    operatorVerdict: (name) => catalog.operatorVerdict(name),
    typeVerdict: (name) => catalog.typeVerdict(name),
    footprint: (uses) => catalog.footprint?.(uses) ?? EVERYTHING,
    ...(catalog.parsing && { parsing: catalog.parsing }),
  }
}

function harmlessAs<Verdict extends string>(
  harmless: Verdict,
  verdict: DeclaredName['verdict'] | undefined,
): Verdict | 'declared-primary-only' | undefined {
  return verdict === 'read-only' ? harmless : verdict
}

function lookup(
  declared: readonly DeclaredName[],
): (name: QualifiedName) => DeclaredName['verdict'] | undefined {
  const everywhere = new Map<string, DeclaredName['verdict']>()
  const qualified = new Map<string, DeclaredName['verdict']>()
  const primaryOnlySomewhere = new Set<string>()
  for (const { schema, name, verdict } of declared) {
    if (schema === null) everywhere.set(name, verdict)
    else qualified.set(key(schema, name), verdict)
    if (schema !== null && verdict === 'declared-primary-only') primaryOnlySomewhere.add(name)
  }
  return ({ schema, name }) => {
    if (schema !== undefined) return qualified.get(key(schema, name)) ?? everywhere.get(name)
    return primaryOnlySomewhere.has(name) ? 'declared-primary-only' : everywhere.get(name)
  }
}

function key(schema: string, name: string): string {
  return `${schema}\0${name}`
}
