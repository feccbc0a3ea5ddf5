import { Scanner, type TokenKind } from '../../statement/scanner.ts'
import type { Offender } from '../../statement/statement.ts'
import type { Piece } from './excerpt.ts'

interface Token extends Piece {
  readonly kind: TokenKind
  readonly text: string
  /** Nesting depth of brackets. */
  readonly depth: number
  /** True for the first token of its statement. */
  readonly isFirst: boolean
}

/** Clauses whose offender has the position of the relation after them. */
const clauseBeforeName = /^(?:INSERT|UPDATE|DELETE|MERGE|INTO)(?= |$)/
/** As in `SELECT … INTO UNLOGGED TABLE t`. */
const MAX_TOKENS_BETWEEN = 4

/** Finds the piece of the text that decided its classification. Undefined when it is not in the text. */
export function pieceOf(sql: string, offender: Offender): Piece | undefined {
  const tokens = tokensOf(sql)
  const { text, position } = offender
  return position === undefined ? clauseIn(tokens, text) : pieceAt(tokens, text, position)
}

function tokensOf(sql: string): readonly Token[] {
  const scanner = new Scanner(sql)
  const tokens: Token[] = []
  let depth = 0
  let isFirst = true
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'block-comment' || kind === 'line-comment') continue
    if (kind === 'close') depth -= 1
    tokens.push({ kind, start: scanner.start, end: scanner.end, text: scanner.text, depth, isFirst })
    if (kind === 'open') depth += 1
    isFirst = kind === 'semicolon' && depth === 0
  }
  return tokens
}

function pieceAt(tokens: readonly Token[], text: string, position: number): Piece | undefined {
  const index = tokens.findIndex((token) => token.end > position)
  const named = tokens[index]
  if (named === undefined) return undefined
  const [clause] = clauseBeforeName.exec(text) ?? []
  const before = tokens.slice(Math.max(0, index - MAX_TOKENS_BETWEEN), index)
  const opening = clause === undefined ? undefined : before.findLast((token) => isWord(token, clause))
  return { start: (opening ?? named).start, end: endOfName(tokens, index) }
}

/** Returns the end of `schema.name`, of an operator of several characters, or of a single token. */
function endOfName(tokens: readonly Token[], index: number): number {
  const first = tokens[index]
  if (first === undefined) return 0
  let last = first
  // As in `a OPERATOR(schema.+) b`.
  if (isWord(first, 'OPERATOR') && tokens[index + 1]?.kind === 'open') {
    return tokens.find((token, at) => at > index && token.kind === 'close')?.end ?? first.end
  }
  if (first.kind === 'symbol') {
    for (let at = index + 1; tokens[at]?.kind === 'symbol' && tokens[at]?.start === last.end; at++) {
      last = tokens[at] ?? last
    }
    return last.end
  }
  for (let at = index; isName(tokens[at]); at += 2) {
    last = tokens[at] ?? last
    if (tokens[at + 1]?.text !== '.') break
  }
  return last.end
}

/** Finds the key words of a clause: preferably at the start of a statement, then outside of brackets. */
function clauseIn(tokens: readonly Token[], text: string): Piece | undefined {
  const words = text.split(' ')
  // COPY and the key word after it have other tokens in between.
  const adjacent = words[0] === 'COPY' ? words.slice(0, 1) : words
  const found = tokens.flatMap((token, index) => {
    const matches = adjacent.every((word, offset) => isWord(tokens[index + offset], word))
    return matches ? [{ token, end: tokens[index + adjacent.length - 1]?.end ?? token.end }] : []
  })
  const best =
    found.find(({ token }) => token.isFirst) ?? found.find(({ token }) => token.depth === 0) ?? found[0]
  return best && { start: best.token.start, end: best.end }
}

function isName(token: Token | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'quoted-name'
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word
}
