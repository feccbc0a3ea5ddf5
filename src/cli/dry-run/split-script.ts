import { Scanner } from '../../statement/scanner.ts'

/**
 * Splits a script of `psql` into statements, without their semicolons, each with the comments in front of it. Input
 * that only psql understands is left out: lines that begin with a backslash, and the data behind a `COPY … FROM stdin`.
 */
export function splitScript(script: string): readonly string[] {
  const text = withoutCopyData(script).replaceAll(/^\\.*$/gm, '')
  const scanner = new Scanner(text)
  const statements: string[] = []
  let from = 0
  let hasText = false
  /** Open brackets, and `BEGIN ATOMIC` and `CASE` of a function's body: semicolons in them end nothing. */
  let depth = 0
  let previous = ''
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'block-comment' || kind === 'line-comment') continue
    const word = kind === 'word' ? scanner.text.toLowerCase() : ''
    if (kind === 'open' || (word === 'atomic' && previous === 'begin') || (word === 'case' && depth > 0))
      depth++
    else if ((kind === 'close' || word === 'end') && depth > 0) depth--
    previous = word
    // A command such as \gset sends what stands before it.
    const isCommand = kind === 'symbol' && scanner.text === '\\' && depth === 0
    if (!isCommand && (kind !== 'semicolon' || depth > 0)) {
      hasText = true
      continue
    }
    if (hasText) statements.push(text.slice(from, scanner.start).trim())
    hasText = false
    from = isCommand ? endOfLine(text, scanner.end) : scanner.end
    while (scanner.end < from && scanner.next() !== 'end');
  }
  if (hasText) statements.push(text.slice(from).trim())
  return statements
}

/** There is data when its end comes before the next semicolon at the end of a line. */
function withoutCopyData(script: string): string {
  const kept: string[] = []
  const lines = script.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    kept.push(line)
    if (!/\bfrom\s+stdin\b[^;]*;\s*$/i.test(line)) continue
    const end = lines.indexOf('\\.', at + 1)
    const next = lines.findIndex((text, index) => index > at && /;\s*$/.test(text))
    if (end !== -1 && (next === -1 || end < next)) at = end
  }
  return kept.join('\n')
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}
