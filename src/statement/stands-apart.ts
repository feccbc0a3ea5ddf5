import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Analysis } from './parser.ts'
import { Scanner } from './scanner.ts'

/**
 * True for a text that cannot mean a thing whose name is one of the words: it names none of them, not even in a constant,
 * and uses nothing of which it would have to be known what that names by itself. So where the words hold the names of a
 * connection's temporary objects, it reads the same on another connection.
 */
export function standsApart(analysis: Analysis, sql: string, words: ReadonlySet<string>): boolean {
  const { functions, relations, operators, types, attributes = [] } = analysis
  // Bodies of functions find their names when they run.
  if (!functions.every((use) => builtinCatalog.functionVerdict(use) === 'harmless')) return false
  if (functions.some(({ name }) => LOOKS_UP.test(name))) return false
  if (!operators.every((use) => builtinCatalog.operatorVerdict(use) === 'harmless')) return false
  if (!types.every((use) => builtinCatalog.typeVerdict(use) === 'harmless' && !use.name.startsWith('reg'))) {
    return false
  }
  // The system's views show the temporary objects of whoever asks.
  if (relations.some((use) => builtinCatalog.relationVerdict(use) !== 'pending')) return false
  if ([...functions, ...relations, ...types, ...attributes].some(({ name }) => words.has(name))) return false
  return !constantsOf(sql).some((word) => words.has(word))
}

/** Names with escapes are not seen; and who reads a table reads the children of its children too, by none of their names. */
const HIDES_NAMES = /U&"|\binherits?\b/i

/** False where more names may mean what this text makes than stand in it. */
export function tellsNames(sql: string): boolean {
  return !HIDES_NAMES.test(sql)
}

/** Functions of PostgreSQL's own that find things by names or numbers, which may be parameters or put together. */
const LOOKS_UP =
  /^(?:pg_|reg|to_reg|has_|current_schemas$|row_security_active$|obj_description$|col_description$)/

/** PostgreSQL cuts longer names, and so does its parser. In bytes. */
const MAX_NAME_BYTES = 63

/** All that may be a name in a text, folded as PostgreSQL folds it: rather too much. */
export function wordsOf(sql: string): readonly string[] {
  const plain = [/[\p{L}\p{N}_]+/gu, /[\p{L}\p{N}_$]+/gu].flatMap((words) => sql.match(words) ?? [])
  const quoted = [...sql.matchAll(/"((?:[^"]|"")+)"/g)].map(([, name = '']) => name.replaceAll('""', '"'))
  return [...quoted, ...plain, ...plain.map((word) => word.toLowerCase())].map(cut)
}

function cut(name: string): string {
  if (name.length * 3 <= MAX_NAME_BYTES) return name
  let bytes = 0
  let end = 0
  for (const character of name) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_NAME_BYTES) return name.slice(0, end)
    end += character.length
  }
  return name
}

function constantsOf(sql: string): readonly string[] {
  const scanner = new Scanner(sql)
  const words: string[] = []
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'literal') words.push(...wordsOf(scanner.text))
  }
  return words
}
