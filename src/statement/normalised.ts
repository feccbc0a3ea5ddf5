import { isGarbled } from './garbled.ts'
import { Scanner } from './scanner.ts'
import { SettingWords } from './setting-words.ts'

/** Default for the maximum length of a normalised text, in UTF-16 units. */
const LONGEST = 2000

/** Replaces what is left out of a text. */
const CUT = '…'

/**
 * Returns a text without its constants and comments, for events and logs: each constant is `?`, as are several in a
 * row. A text is cut with `…` where it is too long, or where it is not certain what is a constant.
 */
export function normalised(sql: string, longest: number = LONGEST): string {
  if (isGarbled(sql)) return CUT
  const scanner = new Scanner(sql)
  const settingWords = new SettingWords()
  let text = ''
  let lastEnd = 0
  /** Length of the text up to the last constant, while only a comma follows it. */
  let afterConstant: number | undefined
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const { start, end } = scanner
    if (kind === 'block-comment' || kind === 'line-comment') continue
    // The text behind such a token depends on settings of the server, or is not known at all.
    if (scanner.isOpen || (kind === 'literal' && scanner.hasBackslash)) return `${text}${text && ' '}${CUT}`
    const isWord = settingWords.takes(kind, scanner.text)
    const isConstant = isWord || kind === 'literal' || (kind === 'number' && !isParameter(sql, start, end))
    if (isConstant && afterConstant !== undefined) text = text.slice(0, afterConstant)
    else {
      if (start > lastEnd && text !== '') text += ' '
      text += isConstant ? '?' : sql.slice(start, end)
    }
    if (isConstant) afterConstant = text.length
    else if (kind !== 'comma' || text.length > (afterConstant ?? 0) + 2) afterConstant = undefined
    lastEnd = end
    if (text.length > longest) return text.slice(0, longest) + CUT
  }
  return text
}

/** Whether a number is that of a parameter, as in `$1`. */
function isParameter(sql: string, start: number, end: number): boolean {
  return sql[start - 1] === '$' && /^\d+$/.test(sql.slice(start, end))
}
