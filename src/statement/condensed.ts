import { isPlainNumber, isPlainString, UNICODE_ESCAPED } from './blanked.ts'
import { Scanner, type TokenKind } from './scanner.ts'

/** A text without most items of its long lists. */
export interface Condensed {
  readonly sql: string
  /** How many tokens it has. At least: a count beyond `maxTokens` is not exact. */
  readonly tokens: number
  /** The offset in the original text of what is at this offset. */
  readonly originalOf: (offset: number) => number
}

/** Shorter texts are quickly parsed as they are. In UTF-16 units. */
const SHORTEST = 2048

/** The items of one list. */
interface List {
  /** How many brackets are open around its items. */
  readonly depth: number
  /** `VALUES` has its rows without brackets around them. */
  readonly isRows: boolean
  /** Offset of the comma before the current item. */
  comma: number
  /** Offset behind the last token of the current item. */
  end: number
  /** The current item without its constants. */
  key: string
  /** Whether the current item begins with a bracket. */
  isRow: boolean
  tokens: number
  lastKey: string | undefined
  /** How many items alike came one after the other. */
  alike: number
}

/**
 * Leaves out items of long lists: of a run of items in `IN (…)`, `ARRAY[…]` and `VALUES …` that differ in plain
 * constants alone, two stay. An item that is left out has the same syntax tree as its neighbour except for those
 * constants. Constants that are arguments of a call count as part of what they are given to: `set_config('a', …)` is
 * not `set_config('b', …)`.
 */
export function condensed(sql: string, maxTokens: number): Condensed {
  // A text has at most as many tokens as characters.
  if (sql.length < Math.min(SHORTEST, maxTokens)) return { sql, tokens: 0, originalOf: same }
  return new Condenser(sql, maxTokens).run()
}

class Condenser {
  readonly #sql: string
  readonly #maxTokens: number
  readonly #scanner: Scanner
  readonly #cuts: [start: number, end: number][] = []
  #tokens = 0
  #depth = 0
  #list: List | undefined
  /** The key word before, if a list may follow. */
  #opener: string | undefined
  #isBehindDot = false

  constructor(sql: string, maxTokens: number) {
    this.#sql = sql
    this.#maxTokens = maxTokens
    this.#scanner = new Scanner(sql)
  }

  run(): Condensed {
    const scanner = this.#scanner
    // In names, a constant behind the name says which name it is.
    if (UNICODE_ESCAPED.test(this.#sql)) return this.#whole()
    for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
      if (scanner.isOpen) return this.#whole()
      if (kind === 'block-comment' || kind === 'line-comment') continue
      this.#tokens += 1
      if (this.#tokens > this.#maxTokens && this.#list === undefined) break
      this.#take(kind)
    }
    if (this.#list !== undefined) this.#endItem(this.#list)
    return this.#result()
  }

  #whole(): Condensed {
    const scanner = new Scanner(this.#sql)
    let tokens = 0
    while (tokens <= this.#maxTokens && scanner.next() !== 'end') tokens += 1
    return { sql: this.#sql, tokens, originalOf: same }
  }

  #take(kind: TokenKind): void {
    const { start, end } = this.#scanner
    const opener = this.#opener
    this.#opener = undefined
    if (kind === 'close') this.#depth -= 1
    const list = this.#list
    if (list !== undefined) this.#takeItem(list, kind)
    if (kind === 'open') {
      this.#depth += 1
      if (opener !== undefined && (opener === 'array') === (this.#sql[start] === '[')) this.#begin(opener)
    }
    if (kind === 'word' && end - start <= 6 && !this.#isBehindDot) {
      const word = this.#scanner.text.toLowerCase()
      if (OPENERS.has(word)) this.#opener = word
    }
    this.#isBehindDot = kind === 'symbol' && this.#sql[start] === '.'
  }

  #begin(opener: string): void {
    const { start, end } = this.#scanner
    const isRows = opener === 'values'
    const list = { isRows, comma: start, end, lastKey: undefined, alike: 0 }
    this.#list = {
      ...list,
      depth: this.#depth - Number(isRows),
      key: isRows ? ' (' : '',
      isRow: isRows,
      tokens: Number(isRows),
    }
  }

  #takeItem(list: List, kind: TokenKind): void {
    const { start, end } = this.#scanner
    const isOutermost = this.#depth === list.depth
    if (kind === 'comma' && isOutermost) {
      this.#endItem(list)
      list.comma = start
      list.key = ''
      list.isRow = false
      list.tokens = 0
      return
    }
    const isOver =
      this.#depth < list.depth ||
      kind === 'semicolon' ||
      // Behind a row comes another part of the statement.
      (list.isRows && isOutermost && kind !== 'close' && (kind !== 'open' || list.key !== ''))
    if (isOver) {
      this.#endItem(list)
      this.#list = undefined
      return
    }
    list.end = end
    list.tokens += 1
    const word = this.#wordOf(kind, list)
    // Looking into the key for that each time would take time with the square of the item.
    if (list.key === '') list.isRow = word === '('
    list.key += ` ${word}`
  }

  /** The token as it counts for whether two items are alike. */
  #wordOf(kind: TokenKind, list: List): string {
    const sql = this.#sql
    const { start, end, text } = this.#scanner
    // Of the item itself, or of the row that it is.
    const isOwn = this.#depth === list.depth || (this.#depth === list.depth + 1 && list.isRow)
    if (!isOwn) return text
    if (kind === 'number') return isPlainNumber(sql, start, end) || isParameter(sql, start, end) ? '0' : text
    return kind === 'literal' && isPlainString(sql, start) ? "''" : text
  }

  #endItem(list: List): void {
    list.alike = list.key === list.lastKey ? list.alike + 1 : 1
    list.lastKey = list.key
    if (list.alike <= 2) return
    // The comma, too.
    this.#tokens -= list.tokens + 1
    const last = this.#cuts.at(-1)
    if (last?.[1] === list.comma) last[1] = list.end
    else this.#cuts.push([list.comma, list.end])
  }

  #result(): Condensed {
    const cuts = this.#cuts
    if (cuts.length === 0) return { sql: this.#sql, tokens: this.#tokens, originalOf: same }
    let text = ''
    let from = 0
    for (const [start, end] of cuts) {
      text += this.#sql.slice(from, start)
      from = end
    }
    const originalOf = (offset: number): number => {
      let original = offset
      for (const [start, end] of cuts) {
        if (original < start) break
        original += end - start
      }
      return original
    }
    return { sql: text + this.#sql.slice(from), tokens: this.#tokens, originalOf }
  }
}

const OPENERS: ReadonlySet<string> = new Set(['in', 'values', 'array'])

function same(offset: number): number {
  return offset
}

function isParameter(sql: string, start: number, end: number): boolean {
  if (sql[start - 1] !== '$') return false
  for (let at = start; at < end; at++) if (sql.charCodeAt(at) < 48 || sql.charCodeAt(at) > 57) return false
  return true
}
