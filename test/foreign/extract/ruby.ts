import type { ForeignStatement } from './script.ts'

const calls =
  /\b(?:parse|normalize|fingerprint|scan|truncate|deparse|let\(:\w+\)|sql|query|q)\s*(?:\(|\{|=)?\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|%[qQ]\([^)]*\))/g
const hereDocuments = /<<[-~]['"]?([A-Z_]+)['"]?[^\n]*\n([^]*?)\n\s*\1\b/g

/** Extracts the texts that a Ruby spec gives to its parser. */
export function fromRuby(source: string): readonly ForeignStatement[] {
  const quoted = [...source.matchAll(calls)].map(({ 1: literal = '', index }) => ({
    index,
    sql: literal
      .replace(/^%[qQ]/, ' ')
      .trim()
      .slice(1, -1)
      .replaceAll(/\\(["'\\])/g, '$1')
      .replaceAll('\\n', '\n'),
  }))
  const documents = [...source.matchAll(hereDocuments)].map(({ 2: sql = '', index }) => ({ index, sql }))
  return [...quoted, ...documents]
    .toSorted((one, other) => one.index - other.index)
    .map(({ sql }) => ({ sql: sql.trim().replace(/;$/, '') }))
    .filter(({ sql }) => /^\W*[a-z]+\s/i.test(sql) && !sql.includes('#{'))
}
