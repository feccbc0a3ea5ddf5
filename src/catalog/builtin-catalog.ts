import { builtinFunction } from './builtin-functions.ts'
import { builtinRelation } from './builtin-relations.ts'
import { builtinOperator, builtinType } from './builtin-types.ts'
import type { Catalog } from './catalog.ts'
import { isTemporarySchema } from './temporary-schema.ts'

/**
 * The catalog before the database is loaded: PostgreSQL's own functions, relations, operators and types. Any other name
 * is `pending`.
 *
 * An unqualified name counts as the system's own, although a user may have a function or operator of that name in
 * another schema. `pg_catalog` is searched first, so the user's is meant only when its argument types fit better.
 * Arguments of such types come from a table or a cast, which are pending themselves.
 */
export const builtinCatalog: Catalog = {
  version: 0,
  source: 'builtin',
  standardConformingStrings: true,
  functionVerdict: (name) => (isTemporarySchema(name) ? 'session' : (builtinFunction(name) ?? 'pending')),
  relationVerdict: (name) => (isTemporarySchema(name) ? 'temporary' : (builtinRelation(name) ?? 'pending')),
  operatorVerdict: (name) => (builtinOperator(name) ? 'harmless' : 'pending'),
  typeVerdict: (name) => (builtinType(name) ? 'harmless' : 'pending'),
}
