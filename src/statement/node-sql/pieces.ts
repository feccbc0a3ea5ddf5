import { Scanner, type TokenKind } from '../scanner.ts'

export interface Token {
  readonly kind: TokenKind
  /** Words in lower case, names in quotes as they are meant, other tokens as they stand. */
  readonly text: string
  /** True when nothing lies between it and the token before. */
  readonly isAdjacent: boolean
}

/** One statement of a text, without anything that a second grammar might read differently. */
export interface Piece {
  /** The statement with every constant emptied, every quoted name replaced and every comment gone. */
  readonly sql: string
  readonly tokens: readonly Token[]
}

/** A text cut into its statements. */
export interface Pieces {
  readonly pieces: readonly Piece[]
  /** The name that stands for a name in quotes. */
  readonly quotedNames: ReadonlyMap<string, string>
}

/** Begins the names that stand for names in quotes. A text that has it itself is not judged. */
const STAND_IN = '龥'
/** PostgreSQL cuts longer names. */
const MAX_NAME_BYTES = 63

/**
 * Cuts a text into statements where PostgreSQL would. Undefined for what is better left to PostgreSQL's own grammar:
 * backslashes in constants, names in escapes, constants that are not closed.
 */
export function piecesOf(sql: string): Pieces | undefined {
  if (sql.includes(STAND_IN)) return undefined
  const scanner = new Scanner(sql)
  const quotedNames = new Map<string, string>()
  const pieces: Piece[] = []
  let text = ''
  let tokens: Token[] = []
  let behind = 0
  const finish = (): void => {
    if (tokens.length > 0) pieces.push({ sql: text, tokens })
    text = ''
    tokens = []
  }
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const raw = scanner.text
    if (scanner.isOpen) return undefined
    if (kind.endsWith('-comment')) continue
    if (kind === 'semicolon') finish()
    else {
      const token = { kind, text: meaningOf(kind, raw), isAdjacent: scanner.start === behind }
      if (isRisky(token, raw, tokens.at(-1))) return undefined
      if (scanner.start > behind && text !== '') text += ' '
      text += kind === 'quoted-name' ? standIn(token.text, quotedNames) : kind === 'literal' ? "'x'" : raw
      tokens.push(token)
    }
    behind = scanner.end
  }
  finish()
  return { pieces, quotedNames }
}

function meaningOf(kind: TokenKind, raw: string): string {
  // PostgreSQL folds no letters beyond ASCII.
  if (kind === 'word') return foldName(raw)
  return kind === 'quoted-name' ? raw.slice(1, -1).replaceAll('""', '"') : raw
}

export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function isRisky(token: Token, raw: string, before: Token | undefined): boolean {
  const isEscaped = token.isAdjacent && before?.text === '&'
  if (token.kind === 'literal') return isEscaped || raw.includes('\\')
  if (token.kind !== 'word' && token.kind !== 'quoted-name') return false
  return (isEscaped && token.kind === 'quoted-name') || Buffer.byteLength(token.text) > MAX_NAME_BYTES
}

function standIn(name: string, quotedNames: Map<string, string>): string {
  const stand = `${STAND_IN}${quotedNames.size}`
  quotedNames.set(stand, name)
  return `"${stand}"`
}
