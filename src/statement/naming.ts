import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Catalog, ParsingFacts } from '../catalog/catalog.ts'
import type { Frozen, Naming } from './lasting/look.ts'
import type { Analysis } from './parser.ts'

/** `undefined` while the database is not known: then it must not be prepared either. */
export function namingOf(analysis: Analysis, { parsing: facts }: Catalog): Naming | undefined {
  if (facts === undefined) return undefined
  const frozen = frozenIn(analysis, facts)
  return Object.freeze(frozen === undefined ? { schema: facts.schema } : { frozen })
}

/**
 * Returns what the text or its database freezes. `undefined` when only the types of its parameters depend on
 * the time or the settings of parsing and planning.
 */
function frozenIn(analysis: Analysis, facts: ParsingFacts): Frozen | undefined {
  const { attributes = [], functions, lasting, operators, relations } = analysis
  if (lasting === undefined) return 'unproven'
  if (lasting.frozen !== undefined) return lasting.frozen
  if ([...functions, ...attributes].some((name) => facts.isFrozen('function', name))) return 'function'
  if (relations.some((name) => facts.isFrozen('relation', name))) return 'relation'
  if (operators.some((name) => facts.isFrozen('operator', name))) return 'function'
  if (facts.hasImplicitCasts) return 'user-defined'
  const { columns } = lasting
  const isSystems = relations.some((name) => builtinCatalog.relationVerdict(name) !== 'pending')
  if (columns.length > 0 && isSystems) return 'literal-unproven'
  const isPlain = (name: string): boolean => facts.isPlainColumn(name) && !facts.hasOwn('function', name)
  if (!columns.every(isPlain)) return 'literal-unproven'
  const hasOwn =
    lasting.functions.some((name) => facts.hasOwn('function', name)) ||
    lasting.operators.some((name) => facts.hasOwn('operator', name)) ||
    lasting.types.some((name) => facts.hasOwn('type', name))
  return hasOwn ? 'user-defined' : undefined
}
