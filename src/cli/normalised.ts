import { Scanner } from '../statement/scanner.ts'

/** Returns a text on one line without comments and constants, so that it can be shown and compared. */
export function normalised(sql: string): string {
  const scanner = new Scanner(sql)
  let text = ''
  let end = 0
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const isConstant = kind === 'literal' || (kind === 'number' && sql[scanner.start - 1] !== '$')
    const isComment = kind === 'block-comment' || kind === 'line-comment'
    if (text !== '' && scanner.start > end) text += ' '
    // A constant or a name that is not closed reaches to the end: the text was cut.
    text += isConstant ? '?' : isComment ? '' : scanner.text
    end = isComment ? scanner.start : scanner.end
  }
  return text.replace(/\s+/g, ' ').trim()
}
