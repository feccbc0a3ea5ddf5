import { Scanner } from '../statement/scanner.ts'
import { SettingWords } from '../statement/setting-words.ts'

/** Returns a text on one line without comments and constants, so that it can be shown and compared. */
export function normalised(sql: string): string {
  const scanner = new Scanner(sql)
  const settingWords = new SettingWords()
  let text = ''
  let end = 0
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const isComment = kind === 'block-comment' || kind === 'line-comment'
    const isWord = !isComment && settingWords.takes(kind, scanner.text)
    const isNumber = kind === 'number' && sql[scanner.start - 1] !== '$'
    const isConstant = isWord || isNumber || kind === 'literal'
    if (text !== '' && scanner.start > end) text += ' '
    // A constant or a name that is not closed reaches to the end: the text was cut.
    text += isConstant ? '?' : isComment ? '' : scanner.text
    end = isComment ? scanner.start : scanner.end
  }
  return text.replace(/\s+/g, ' ').trim()
}
