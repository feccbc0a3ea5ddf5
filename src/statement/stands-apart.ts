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
  if (!operators.every((use) => builtinCatalog.operatorVerdict(use) === 'harmless')) return false
  if (!types.every((use) => builtinCatalog.typeVerdict(use) === 'harmless' && !use.name.startsWith('reg'))) {
    return false
  }
  // The system's views show the temporary objects of whoever asks.
  if (relations.some((use) => builtinCatalog.relationVerdict(use) !== 'pending')) return false
  if ([...functions, ...relations, ...types, ...attributes].some(({ name }) => words.has(name))) return false
  return !constantsOf(sql).some((word) => words.has(word))
}

/** All that may be a name in a text, folded as PostgreSQL folds it: rather too much. */
export function wordsOf(sql: string): readonly string[] {
  const plain = [/[\p{L}\p{N}_]+/gu, /[\p{L}\p{N}_$]+/gu].flatMap((words) => sql.match(words) ?? [])
  const quoted = [...sql.matchAll(/"((?:[^"]|"")+)"/g)].map(([, name = '']) => name.replaceAll('""', '"'))
  return [...quoted, ...plain, ...plain.map((word) => word.toLowerCase())]
}

function constantsOf(sql: string): readonly string[] {
  const scanner = new Scanner(sql)
  const words: string[] = []
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'literal') words.push(...wordsOf(scanner.text))
  }
  return words
}
