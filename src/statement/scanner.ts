export type TokenKind =
  | 'block-comment'
  | 'line-comment'
  /** A string constant of any form. */
  | 'literal'
  | 'quoted-name'
  /** A key word or a plain name. */
  | 'word'
  | 'number'
  /** One of `( [ {`. */
  | 'open'
  /** One of `) ] }`. */
  | 'close'
  | 'comma'
  | 'semicolon'
  /** One character of an operator, or any other character. */
  | 'symbol'
  | 'end'

/**
 * Splits a text into tokens where PostgreSQL would, as far as comments, constants and names go. It never fails: a token
 * that is not closed reaches to the end.
 */
export class Scanner {
  readonly #sql: string
  #start = 0
  #end = 0
  #hasBackslash = false
  #isOpen = false

  constructor(sql: string) {
    this.#sql = sql
  }

  /** Offset of the token that `next` returned. */
  get start(): number {
    return this.#start
  }

  /** Offset behind it. */
  get end(): number {
    return this.#end
  }

  /** True for a string constant without an `E` in front that has a backslash inside. */
  get hasBackslash(): boolean {
    return this.#hasBackslash
  }

  /** True for a constant, a quoted name or a comment that is not closed. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get text(): string {
    return this.#sql.slice(this.#start, this.#end)
  }

  next(): TokenKind {
    const sql = this.#sql
    let at = this.#end
    let code = sql.charCodeAt(at)
    while (isSpace(code)) code = sql.charCodeAt(++at)
    this.#start = at
    this.#end = at + 1
    this.#isOpen = false
    if (at >= sql.length) {
      this.#end = at
      return 'end'
    }
    if (isWordStart(code)) return this.#word()
    if (isDigit(code)) return this.#run('number', isNumberPart)
    const following = sql.charCodeAt(at + 1)
    switch (code) {
      case 39:
        return this.#literal(false)
      case 34:
        this.#end = this.#closing(34, at + 1)
        return 'quoted-name'
      case 36:
        return this.#dollar()
      case 45:
        if (following !== 45) return 'symbol'
        this.#end = endOfLine(sql, at)
        return 'line-comment'
      case 47:
        if (following !== 42) return 'symbol'
        this.#comment()
        return 'block-comment'
      default:
        return punctuation.get(code) ?? 'symbol'
    }
  }

  #run(kind: TokenKind, belongs: (code: number) => boolean): TokenKind {
    while (this.#end < this.#sql.length && belongs(this.#sql.charCodeAt(this.#end))) this.#end++
    return kind
  }

  #word(): TokenKind {
    this.#run('word', isWordPart)
    if (this.#end - this.#start > 1 || this.#sql.charCodeAt(this.#end) !== 39) return 'word'
    // One of these letters right before a quote says how to read the constant; E makes backslashes escapes.
    const letter = this.#sql.charAt(this.#start).toLowerCase()
    if (!'benx'.includes(letter)) return 'word'
    const isEscape = letter === 'e'
    this.#end++
    return this.#literal(isEscape)
  }

  /** The constant whose opening quote was just passed. */
  #literal(isEscape: boolean): TokenKind {
    this.#hasBackslash = false
    for (;;) {
      const from = this.#end
      this.#end = this.#closing(39, from, isEscape)
      if (!isEscape && this.#sql.slice(from, this.#end).includes('\\')) this.#hasBackslash = true
      // A constant goes on behind a line break.
      const more = continuation(this.#sql, this.#end)
      if (more === undefined) return 'literal'
      this.#end = more
    }
  }

  #dollar(): TokenKind {
    const sql = this.#sql
    let at = this.#start + 1
    if (isWordStart(sql.charCodeAt(at))) while (isTagPart(sql.charCodeAt(at))) at++
    if (sql.charCodeAt(at) !== 36) return 'symbol'
    const tag = sql.slice(this.#start, at + 1)
    const close = sql.indexOf(tag, at + 1)
    this.#isOpen = close === -1
    this.#end = this.#isOpen ? sql.length : close + tag.length
    this.#hasBackslash = false
    return 'literal'
  }

  /** The offset behind the next quote that is not doubled. */
  #closing(quote: number, from: number, isEscape = false): number {
    const sql = this.#sql
    for (let at = from; at < sql.length; at++) {
      const code = sql.charCodeAt(at)
      if (code === 92 && isEscape) at++
      else if (code === quote) {
        if (sql.charCodeAt(at + 1) !== quote) return at + 1
        at++
      }
    }
    this.#isOpen = true
    return sql.length
  }

  /** Block comments nest. */
  #comment(): void {
    const marks = /\/\*|\*\//g
    marks.lastIndex = this.#start
    for (let depth = 0; ;) {
      const mark = marks.exec(this.#sql)
      if (mark === null) {
        this.#isOpen = true
        this.#end = this.#sql.length
        return
      }
      depth += mark[0] === '/*' ? 1 : -1
      if (depth > 0) continue
      this.#end = marks.lastIndex
      return
    }
  }
}

const punctuation: ReadonlyMap<number, TokenKind> = new Map<number, TokenKind>([
  [40, 'open'],
  [91, 'open'],
  [123, 'open'],
  [41, 'close'],
  [93, 'close'],
  [125, 'close'],
  [44, 'comma'],
  [59, 'semicolon'],
])

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128
}

function isTagPart(code: number): boolean {
  return isWordStart(code) || isDigit(code)
}

function isWordPart(code: number): boolean {
  return isTagPart(code) || code === 36
}

function isNumberPart(code: number): boolean {
  return isTagPart(code) || code === 46
}

function endOfLine(sql: string, from: number): number {
  let at = from
  while (at < sql.length && sql.charCodeAt(at) !== 10 && sql.charCodeAt(at) !== 13) at++
  return at
}

/**
 * The offset behind the quote with which a constant goes on: only space with a line break, and line comments, lie
 * between.
 */
function continuation(sql: string, from: number): number | undefined {
  const gap = /[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y
  gap.lastIndex = from
  return gap.test(sql) ? gap.lastIndex : undefined
}
