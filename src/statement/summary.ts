import { Scanner, type TokenKind } from './scanner.ts'

/** A few words about a text, for names of spans and labels. */
export interface Summary {
  /** Commands and what they act on, in the order of the text: `SELECT orders users`. */
  readonly text: string
  /** The first command: `SELECT`. Absent for a text without one. */
  readonly operation: string | undefined
  /** The relation that it acts on, as the text has it. Absent for none, or for more than one. */
  readonly collection: string | undefined
}

/** Maximum length of a summary, as in the conventions of OpenTelemetry. */
const LONGEST = 255

const MANIPULATIONS: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])
const DEFINITIONS: ReadonlySet<string> = new Set([
  'CREATE',
  'ALTER',
  'DROP',
  'TRUNCATE',
  'COMMENT',
  'REFRESH',
])
/** Words between a command and the name behind it. */
const FILLERS: ReadonlySet<string> = new Set(
  'OR REPLACE TEMP TEMPORARY UNLOGGED UNIQUE GLOBAL LOCAL RECURSIVE CONCURRENTLY IF NOT EXISTS ONLY LATERAL ON'.split(
    ' ',
  ),
)
/** Words that name the kind of an object in CREATE, ALTER, DROP. */
const OBJECTS: ReadonlySet<string> = new Set(
  'TABLE INDEX VIEW MATERIALIZED SEQUENCE FUNCTION PROCEDURE TYPE SCHEMA DATABASE EXTENSION TRIGGER ROLE USER POLICY DOMAIN RULE FOREIGN SERVER'.split(
    ' ',
  ),
)
/** Words that end a list of relations. */
const ENDS: ReadonlySet<string> = new Set(
  'WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH FOR WINDOW UNION INTERSECT EXCEPT RETURNING SET VALUES ON USING WHEN SELECT'.split(
    ' ',
  ),
)
/** Commands whose object follows at once. */
const WITH_OBJECT: ReadonlySet<string> = new Set(['CALL', 'COPY', 'LOCK', 'TABLE', 'ANALYZE', 'VACUUM'])
/** Words that may precede the command that EXPLAIN explains. */
const EXPLAINING: ReadonlySet<string> = new Set(['EXPLAIN', 'VERBOSE', 'ANALYZE'])

/** Part of a text within one pair of parentheses. */
interface Level {
  readonly isQuery: boolean
  isInList: boolean
}

/** Returns the summary of a text, by its words alone. Constants are never part of it. */
export function summaryOf(sql: string): Summary {
  return new Summarizer(sql).summary()
}

class Summarizer {
  readonly #scanner: Scanner
  readonly #parts: string[] = []
  readonly #targets = new Set<string>()
  readonly #levels: Level[] = [{ isQuery: true, isInList: false }]
  #operation: string | undefined
  #length = 0
  #last: TokenKind | 'start' = 'start'
  #lastWord = ''
  #expects: 'name' | 'object' | undefined

  constructor(sql: string) {
    this.#scanner = new Scanner(sql)
  }

  summary(): Summary {
    let kind = this.#next()
    while (kind !== 'end' && this.#length <= LONGEST) kind = this.#take(kind)
    const [only] = this.#targets
    const text = this.#parts.join(' ')
    const collection = this.#targets.size === 1 ? only : undefined
    return { text, operation: this.#operation, collection }
  }

  #next(): TokenKind {
    for (;;) {
      const kind = this.#scanner.next()
      // It is not known how the text goes on.
      if (this.#scanner.isOpen || (kind === 'literal' && this.#scanner.hasBackslash)) return 'end'
      if (kind !== 'block-comment' && kind !== 'line-comment') return kind
    }
  }

  /** Takes a token, and returns the next one. */
  #take(kind: TokenKind): TokenKind {
    if (kind === 'word' || kind === 'quoted-name') return this.#name(kind)
    if (kind === 'open') return this.#open()
    if (kind === 'close' && this.#levels.length > 1) this.#levels.pop()
    if (kind === 'semicolon') this.#level.isInList = false
    this.#expects = kind === 'comma' && this.#level.isInList ? 'name' : undefined
    this.#last = kind
    this.#lastWord = ''
    return this.#next()
  }

  #open(): TokenKind {
    this.#last = 'open'
    this.#lastWord = ''
    this.#expects = undefined
    const next = this.#next()
    const word = next === 'word' ? this.#scanner.text.toUpperCase() : ''
    const isQuery = word === 'SELECT' || word === 'WITH' || MANIPULATIONS.has(word)
    this.#levels.push({ isQuery, isInList: false })
    return next
  }

  #name(kind: TokenKind): TokenKind {
    const { text } = this.#scanner
    const word = kind === 'word' ? text.toUpperCase() : ''
    const isStart = this.#last === 'start' || this.#last === 'semicolon'
    const mayBegin =
      isStart || this.#last === 'open' || this.#last === 'close' || EXPLAINING.has(this.#lastWord)
    const before = this.#lastWord
    this.#last = kind
    this.#lastWord = word
    if (mayBegin && this.#command(word, isStart)) return this.#next()
    if (this.#expects !== undefined && FILLERS.has(word)) return this.#next()
    if (this.#expects === 'object' && OBJECTS.has(word)) {
      this.#add(word)
      return this.#next()
    }
    if (this.#expects !== undefined && word !== 'SELECT') return this.#target(text)
    this.#clause(word, before)
    return this.#next()
  }

  /** Takes a word as the first one of a command, if it is. */
  #command(word: string, isStart: boolean): boolean {
    if (EXPLAINING.has(word) && !isStart) return true
    if (word === 'WITH') return true
    const isQuery = word === 'SELECT' || MANIPULATIONS.has(word)
    if (word === '' || !(isQuery || isStart)) return false
    this.#operation ??= word
    this.#add(word)
    this.#level.isInList = false
    if (word === 'UPDATE' || WITH_OBJECT.has(word)) this.#expects = 'name'
    if (DEFINITIONS.has(word)) this.#expects = 'object'
    return true
  }

  #clause(word: string, before: string): void {
    const level = this.#level
    if (word === 'SELECT') return void this.#command(word, false)
    const isOfDeletion = word === 'USING' && (this.#isOf('DELETE') || this.#isOf('MERGE'))
    const isFrom = word === 'FROM' && level.isQuery && before !== 'DISTINCT'
    if (isFrom || isOfDeletion || word === 'JOIN' || word === 'INTO') {
      this.#expects = 'name'
      level.isInList = isFrom
    } else if (ENDS.has(word) && word !== 'ON' && word !== 'USING') level.isInList = false
  }

  /** Takes the name of a relation, with its schema. */
  #target(first: string): TokenKind {
    this.#expects = undefined
    let name = first
    let next = this.#next()
    while (next === 'symbol' && this.#scanner.text === '.') {
      next = this.#next()
      if (next !== 'word' && next !== 'quoted-name') return next
      name += `.${this.#scanner.text}`
      next = this.#next()
    }
    const isCalled = next === 'open' && this.#level.isInList
    if (!isCalled) {
      this.#targets.add(name)
      this.#add(name)
    }
    this.#lastWord = ''
    return next
  }

  get #level(): Level {
    return this.#levels.at(-1) ?? { isQuery: true, isInList: false }
  }

  #isOf(operation: string): boolean {
    return this.#parts.includes(operation)
  }

  #add(part: string): void {
    this.#length += part.length + 1
    if (this.#length <= LONGEST + 1) this.#parts.push(part)
  }
}
