/**
 * A name as it stands in the SQL text, folded the way PostgreSQL folds it.
 *
 * @example
 * const name: QualifiedName = { schema: 'shop', name: 'orders' }
 */
export interface QualifiedName {
  /** Absent when the text does not qualify the name. */
  readonly schema?: string
  readonly name: string
}

/** A name as it has to be written to be read back as the same. */
export function spelled({ schema, name }: QualifiedName): string {
  return schema === undefined ? part(name) : `${part(schema)}.${part(name)}`
}

function part(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** Returns the last part of a name, spelled as in SQL. */
export function bareName(name: string): string {
  return /(?:"(?:[^"]|"")*"|[^."]+)$/.exec(name)?.[0] ?? name
}
