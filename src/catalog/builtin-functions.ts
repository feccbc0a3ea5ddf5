import { immutableNames } from './builtin-immutable.ts'
import { informationSchemaFunctionNames } from './builtin-objects.ts'
import { stableNames } from './builtin-stable.ts'
import { builtinType } from './builtin-types.ts'
import type { FunctionVerdict, QualifiedName } from './catalog.ts'
import { decided } from './decided.ts'
import { WordSet } from './words.ts'

const informationSchema = new WordSet(informationSchemaFunctionNames)
const labelledHarmless = new WordSet(immutableNames, stableNames)

/**
 * The verdict on a function of PostgreSQL's own, or nothing when none so far has that name. A type's name counts as
 * one: `uuid('…')` is a cast.
 */
export function builtinFunction(called: QualifiedName): FunctionVerdict | undefined {
  const { schema, name } = called
  if (schema === 'information_schema') return informationSchema.has(name) ? 'harmless' : undefined
  if (schema !== undefined && schema !== 'pg_catalog') return undefined
  return decided(name) ?? (labelledHarmless.has(name) || builtinType(called) ? 'harmless' : undefined)
}
