import { informationSchemaNames, nodeLocalNames, replicatedNames } from './builtin-objects.ts'
import type { QualifiedName, RelationVerdict } from './catalog.ts'
import { WordSet } from './words.ts'

const replicated = new WordSet(replicatedNames)
const nodeLocal = new WordSet(nodeLocalNames)
const informationSchema = new WordSet(informationSchemaNames)

/**
 * The verdict on a relation of PostgreSQL's own, or nothing when none so far has that name. `pg_catalog` is searched
 * without being named; `information_schema` is not.
 */
export function builtinRelation({ schema, name }: QualifiedName): RelationVerdict | undefined {
  if (schema === 'information_schema') return informationSchema.has(name) ? 'replicated' : undefined
  if (schema !== undefined && schema !== 'pg_catalog') return undefined
  if (replicated.has(name)) return 'replicated'
  return nodeLocal.has(name) ? 'node-local' : undefined
}
