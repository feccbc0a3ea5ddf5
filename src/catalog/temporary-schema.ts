import type { QualifiedName } from './catalog.ts'

/**
 * True for names in a schema of temporary objects: `pg_temp` is an alias of the connection's own, `pg_temp_7` or so.
 */
export function isTemporarySchema({ schema }: QualifiedName): boolean {
  return schema !== undefined && /^pg_temp(?:_\d+)?$/.test(schema)
}
