import type { TokenKind } from './scanner.ts'

/** Statements in which SET makes a setting. In others it assigns to columns. */
const STATEMENTS: ReadonlySet<string> = new Set(['SET', 'ALTER', 'CREATE'])
/** Words of the grammar in place of a value. */
const KEPT: ReadonlySet<string> = new Set(['DEFAULT', 'LOCAL'])

/**
 * Finds words that are values of settings: `SET a.b = word`, also in ALTER ROLE and similar. PostgreSQL takes a plain
 * word there for a constant. Receives the tokens of a text in order, without comments.
 */
export class SettingWords {
  #statement = ''
  #state: 'outside' | 'name' | 'value' | 'behind' = 'outside'
  #last = ''

  /** Takes a token, and returns whether it is such a word. */
  takes(kind: TokenKind, text: string): boolean {
    const word = kind === 'word' ? text.toUpperCase() : ''
    const last = this.#last
    this.#last = word
    if (kind === 'semicolon') {
      this.#statement = ''
      this.#state = 'outside'
      return false
    }
    this.#statement ||= word || text
    if (word === 'SET' && STATEMENTS.has(this.#statement)) {
      this.#state = 'name'
      return false
    }
    const isName = kind === 'word' || kind === 'quoted-name'
    if (this.#state === 'name') this.#state = nextToName(kind, text, word, last)
    else if (this.#state === 'behind') this.#state = kind === 'comma' ? 'value' : 'outside'
    else if (this.#state === 'value') {
      // A sign stands before its number.
      if (kind !== 'symbol') this.#state = 'behind'
      return isName && !KEPT.has(word)
    }
    return false
  }
}

function nextToName(kind: TokenKind, text: string, word: string, last: string): 'outside' | 'name' | 'value' {
  if (word === 'TO' || text === '=' || (word === 'ZONE' && last === 'TIME')) return 'value'
  return kind === 'word' || kind === 'quoted-name' || text === '.' ? 'name' : 'outside'
}
