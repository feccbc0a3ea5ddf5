import type { ForeignScript, ForeignStatement } from './script.ts'

/** The name of a test, a query, or a list of statements that prepare a test. */
const pieces = /\bName:\s*|\bQuery:\s*(`[^`]*`|"(?:[^"\\\n]|\\.)*")|\bSetUpScript:\s*\[\]string\{/g

/** Extracts the scripts of a table of tests in Go: each has a name, a list of statements before it, and queries. */
export function fromGo(file: string, source: string): readonly ForeignScript[] {
  const scripts: { file: string; statements: ForeignStatement[] }[] = []
  let current: ForeignStatement[] = []
  const begin = (): void => {
    current = []
    scripts.push({ file: `${file}#${scripts.length}`, statements: current })
  }
  begin()
  for (const match of source.matchAll(pieces)) {
    const [piece, query] = match
    if (query !== undefined) current.push(statement(unquote(query)))
    else if (piece.startsWith('Name')) begin()
    else current.push(...listAt(source, match.index + piece.length))
  }
  return scripts.filter(({ statements }) => statements.length > 0)
}

/** Reads the strings of a list up to its closing bracket. */
function listAt(source: string, from: number): readonly ForeignStatement[] {
  const found: ForeignStatement[] = []
  const items = /\s*(?:\/\/[^\n]*|,|(`[^`]*`|"(?:[^"\\\n]|\\.)*"))/y
  items.lastIndex = from
  for (let item = items.exec(source); item !== null; item = items.exec(source)) {
    if (item[1] !== undefined) found.push(statement(unquote(item[1])))
  }
  return found
}

function statement(sql: string): ForeignStatement {
  const text = sql.trim().replace(/;$/, '')
  const parameters = /^\s*(?:select|insert|update|delete|with|values)\b/i.test(text)
    ? countParameters(text)
    : 0
  return parameters === 0 ? { sql: text } : { sql: text, parameters }
}

/** Returns the highest number of a parameter in a text. */
export function countParameters(sql: string): number {
  return [...sql.matchAll(/\$(\d{1,4})\b/g)].reduce((most, [, number]) => Math.max(most, Number(number)), 0)
}

function unquote(literal: string): string {
  if (literal.startsWith('`')) return literal.slice(1, -1)
  return literal
    .slice(1, -1)
    .replaceAll(/\\(.)/g, (_, sign: string) => ({ n: '\n', t: '\t', r: '\r' })[sign] ?? sign)
}
