/** PostgreSQL's names of types that have another name in SQL. Other types keep their name. */
const names: Readonly<Record<string, string>> = {
  bigint: 'int8',
  bigserial: 'int8',
  bit: 'bit',
  'bit varying': 'varbit',
  boolean: 'bool',
  char: 'bpchar',
  character: 'bpchar',
  'character varying': 'varchar',
  dec: 'numeric',
  decimal: 'numeric',
  double: 'float8',
  'double precision': 'float8',
  float: 'float8',
  int: 'int4',
  integer: 'int4',
  real: 'float4',
  smallint: 'int2',
}

const times: ReadonlySet<string> = new Set(['time', 'timestamp'])

/** The catalog's name of a type by its first word. */
export function plainTypeName(word: string): string {
  return names[word] ?? word
}

/** The catalog's name of a type as node-sql-parser gives it, or undefined for one that no catalog can know. */
export function typeNameOf(dataType: string, suffix: readonly string[]): string | undefined {
  const name = dataType.toLowerCase()
  const zone = suffix.join(' ').toLowerCase()
  if (times.has(name)) {
    if (zone === 'with time zone') return `${name}tz`
    return zone === '' || zone === 'without time zone' ? name : undefined
  }
  if (zone !== '') return undefined
  return names[name] ?? (/^[a-z_][a-z0-9_]*$/.test(name) ? name : undefined)
}
