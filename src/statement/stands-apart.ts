import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Analysis } from './parser.ts'
import { Scanner } from './scanner.ts'
import { folded, wordsOf } from './words.ts'

/**
 * True for a text that cannot mean an object with one of these names. It names none of them, not even in a constant or
 * a parameter. It uses nothing that might name one itself. So where these are the names of a connection's temporary
 * objects, it reads the same on another connection.
 */
export function standsApart(
  analysis: Analysis,
  sql: string,
  values: readonly unknown[],
  names: ReadonlySet<string>,
): boolean {
  const { functions, relations, operators, types, attributes = [] } = analysis
  // Bodies of functions find their names when they run.
  if (!functions.every((use) => builtinCatalog.functionVerdict(use) === 'harmless')) return false
  if (functions.some(({ name }) => LOOKS_UP.test(name))) return false
  if (!operators.every((use) => builtinCatalog.operatorVerdict(use) === 'harmless')) return false
  if (!types.every((use) => builtinCatalog.typeVerdict(use) === 'harmless' && !OTHERS_NAME.test(use.name))) {
    return false
  }
  // The system's views show the temporary objects of the session.
  if (relations.some((use) => builtinCatalog.relationVerdict(use) !== 'pending')) return false
  if (relations.some(({ name }) => MADE_UP.test(name))) return false
  if ([...functions, ...relations, ...types, ...attributes].some(({ name }) => names.has(folded(name))))
    return false
  const constants = constantsOf(sql)
  return !constants.some(isEscaped) && ![...constants, ...values].some((value) => mayName(value, names))
}

/** Functions of PostgreSQL's own that find things by names or numbers, which may be parameters or put together. */
const LOOKS_UP =
  /^(?:pg_|reg|to_reg|has_|current_schemas$|row_security_active$|obj_description$|col_description$)/

/** Types whose values are names, and types of arrays and multiranges, whose names follow from those of others. */
const OTHERS_NAME = /^(?:reg|_)|multirange/

/** As PostgreSQL calls the indexes and sequences that belong to a table, when it is not told how. */
const MADE_UP = /_(?:pkey|key|idx|excl|seq)\d*$/

/** A column may be of a type whose values are names: then what it is compared with is one. */
function mayName(value: unknown, names: ReadonlySet<string>): boolean {
  switch (typeof value) {
    case 'string':
      return wordsOf(value).some((word) => names.has(word))
    case 'object':
      if (value === null || value instanceof Date) return false
      if (Array.isArray(value)) return value.some((item) => mayName(item, names))
      // A value that is written as JSON is no name, and bytes are none.
      return writesItself(value)
    default:
      return false
  }
}

function writesItself(value: object): boolean {
  if (Buffer.isBuffer(value)) return false
  return ['toPostgres', 'toJSON'].some((method) => typeof Reflect.get(value, method) === 'function')
}

/** Whether escapes may give a constant another value than its text. */
function isEscaped(constant: string): boolean {
  return constant.includes('\\') && !constant.startsWith('$')
}

function constantsOf(sql: string): readonly string[] {
  const scanner = new Scanner(sql)
  const constants: string[] = []
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'literal') constants.push(scanner.text)
  }
  return constants
}
