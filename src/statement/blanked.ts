import { isGarbled } from './garbled.ts'
import { Scanner } from './scanner.ts'

/** A longer text is seldom one of many. In UTF-16 units. */
const LONGEST = 4096

/** More digits may make a number of another type, for which there may be another function. */
const MOST_DIGITS = 9

/** In names, too: then the constant behind `UESCAPE` says which name it is. */
export const UNICODE_ESCAPED: RegExp = /u&"/i

/** A text without its plain constants. */
export interface Blanked {
  /**
   * The text with these constants emptied. Texts of which it is the same have the same syntax tree except for these.
   */
  readonly shape: string
  /** Where each constant begins and ends in the text. */
  readonly constants: readonly (readonly [start: number, end: number])[]
}

/**
 * Empties the plain constants of a text: strings without escapes, and small whole numbers. Undefined where there is
 * none, or where it is not certain what is one.
 */
export function blanked(sql: string): Blanked | undefined {
  if (sql.length > LONGEST || isGarbled(sql) || UNICODE_ESCAPED.test(sql)) return undefined
  const scanner = new Scanner(sql)
  const constants: (readonly [start: number, end: number])[] = []
  let shape = ''
  let from = 0
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (scanner.isOpen) return undefined
    const { start, end } = scanner
    if (kind === 'number') {
      if (!isPlainNumber(sql, start, end)) continue
      shape += sql.slice(from, start) + '0'
    } else if (kind === 'literal') {
      // With `standard_conforming_strings` off it would end elsewhere.
      if (scanner.hasBackslash) return undefined
      if (!isPlainString(sql, start)) continue
      shape += sql.slice(from, start) + "''"
    } else continue
    constants.push([start, end])
    from = end
  }
  return constants.length === 0 ? undefined : { shape: shape + sql.slice(from), constants }
}

/** Not `$1`, `1.5`, `.5`, `1e3` or `0x1F`. */
export function isPlainNumber(sql: string, start: number, end: number): boolean {
  if (end - start > MOST_DIGITS) return false
  const before = sql.charCodeAt(start - 1)
  if (before === DOLLAR || before === DOT) return false
  for (let at = start; at < end; at++) {
    const code = sql.charCodeAt(at)
    if (code < ZERO || code > NINE) return false
  }
  return true
}

/** Not `E'…'`, `$$…$$` or `U&'…'`. */
export function isPlainString(sql: string, start: number): boolean {
  return sql.charCodeAt(start) === QUOTE && sql.charCodeAt(start - 1) !== AMPERSAND
}

const DOLLAR = 36
const AMPERSAND = 38
const QUOTE = 39
const DOT = 46
const ZERO = 48
const NINE = 57
