import type { QualifiedName } from '../../catalog/catalog.ts'
import type { Findings } from '../findings.ts'
import { isNoCall, isReserved } from './key-words.ts'
import type { Token } from './pieces.ts'
import { plainTypeName } from './types.ts'

/**
 * Gathers from the bare tokens what may be called, cast to and read, independently of the grammar. node-sql-parser
 * takes `x::int_list` for a cast to `int` with the alias `_list`.
 */
export function gatherFromTokens(tokens: readonly Token[], findings: Findings): void {
  /** The words in front of the brackets that are open. */
  const brackets: string[] = []
  const bound = boundNames(tokens)
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1]
    if (before?.text === '.' && isName(token)) findings.attributes.add({ name: token.text })
    if (token.kind === 'open') {
      brackets.push(before?.kind === 'word' ? before.text : '')
      if (token.text === '(' && isCall(tokens, index - 1))
        findings.functions.add(nameEndingAt(tokens, index - 1))
    } else if (token.kind === 'close') brackets.pop()
    else if (token.kind === 'symbol' && isOperator(token)) addOperator(tokens, index, findings)
    else if (isCast(tokens, index) || (isWord(token, 'as') && brackets.at(-1) === 'cast'))
      addType(tokens, index + 1, findings)
    else if (isWord(token, 'natural') || isWord(token, 'using')) findings.operators.add({ name: '=' })
    else if (token.kind === 'literal' && isTypeName(tokens, index - 1)) addType(tokens, index - 1, findings)
    else if (isSource(token) && !takesFrom.has(brackets.at(-1) ?? ''))
      addRelation(tokens, index + 1, bound, findings)
  }
}

/** Calls in whose brackets FROM stands for something else. */
const takesFrom: ReadonlySet<string> = new Set(['extract', 'overlay', 'substring', 'trim'])

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted-name'
}

function isSource(token: Token): boolean {
  return isWord(token, 'from') || isWord(token, 'join')
}

/** True at the second colon of `::`. */
function isCast(tokens: readonly Token[], index: number): boolean {
  return tokens[index]?.text === ':' && tokens[index - 1]?.text === ':'
}

function isCall(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]
  if (!isName(token) || (token.kind === 'word' && isNoCall(token.text))) return false
  const before = tokens[index - 1]
  // The columns of a table, of a WITH query or of an alias stand in brackets too.
  return before?.kind !== 'close' && !['into', 'with', 'recursive', 'as'].some((word) => isWord(before, word))
}

/** True for a word in front of a constant that says its type, as in `date '2026-01-01'`. */
function isTypeName(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]
  return (
    isName(token) && !(token.kind === 'word' && (isReserved(token.text) || beforeConstants.has(token.text)))
  )
}

const beforeConstants: ReadonlySet<string> = new Set(['between', 'by', 'escape', 'zone'])

/** `schema.name`, whose last part is at `index`. */
function nameEndingAt(tokens: readonly Token[], index: number): QualifiedName {
  const name = tokens[index]?.text ?? ''
  const schema = tokens[index - 1]?.text === '.' ? tokens[index - 2]?.text : undefined
  return schema === undefined ? { name } : { schema, name }
}

/** `schema.name`, whose first part is at `index`. */
function nameStartingAt(tokens: readonly Token[], index: number): QualifiedName | undefined {
  if (!isName(tokens[index])) return undefined
  return nameEndingAt(tokens, tokens[index + 1]?.text === '.' ? index + 2 : index)
}

function isOperator(token: Token | undefined): token is Token {
  return token?.kind === 'symbol' && /^[~!@#^&|`?+\-*/%<>=]$/.test(token.text)
}

/**
 * The operator that begins here, cut as PostgreSQL cuts it: one that ends in a sign needs a character that no SQL has.
 */
function addOperator(tokens: readonly Token[], index: number, findings: Findings): void {
  const token = tokens[index]
  if (token?.isAdjacent === true && isOperator(tokens[index - 1])) return
  let run = token?.text ?? ''
  for (let at = index + 1; tokens[at]?.isAdjacent === true && isOperator(tokens[at]); at++)
    run += tokens[at]?.text ?? ''
  while (run !== '') {
    const name = /[~!@#^&|`?%]/.test(run) ? run : run.replace(/(?<=.)[+-]+$/, '')
    findings.operators.add({ name: name === '!=' ? '<>' : name })
    run = run.slice(name.length)
  }
}

function addType(tokens: readonly Token[], index: number, findings: Findings): void {
  const name = nameStartingAt(tokens, index)
  if (name === undefined) return
  const isPlain = name.schema === undefined && tokens[index]?.kind === 'word'
  findings.types.add(isPlain ? { name: plainTypeName(name.name) } : name)
}

function addRelation(
  tokens: readonly Token[],
  index: number,
  bound: ReadonlySet<string>,
  findings: Findings,
): void {
  const start = isWord(tokens[index], 'lateral') ? index + 1 : index
  const name = nameStartingAt(tokens, start)
  const end = name?.schema === undefined ? start : start + 2
  if (name === undefined || tokens[end + 1]?.text === '(') return
  if (name.schema !== undefined || !bound.has(name.name)) findings.relations.add(name)
}

/** Every name that a WITH clause may give, wherever it holds: the tree tells whether it holds here. */
function boundNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = tokens.filter((token, index) => isName(token) && mayBeBound(tokens, index))
  return new Set(names.map(({ text }) => text))
}

/** `name AS (`, with the names of columns in between or not. */
function mayBeBound(tokens: readonly Token[], index: number): boolean {
  const next = tokens[index + 1]
  if (isWord(next, 'as')) return true
  if (next?.text !== '(') return false
  const close = tokens.findIndex(({ kind }, at) => at > index && kind === 'close')
  return isWord(tokens[close + 1], 'as')
}
