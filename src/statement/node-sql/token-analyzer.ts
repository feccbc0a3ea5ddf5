import { condensed } from '../condensed.ts'
import { Findings } from '../findings.ts'
import { hintOf } from '../hint.ts'
import { hasCommentRun, nestingOf } from '../nesting.ts'
import type { Analysis } from '../parser.ts'
import { relocated } from '../positions.ts'
import type { StatementReason } from '../statement.ts'
import { read, strictestOf, unknown, type Verdict } from '../verdict.ts'
import { AstWalker } from './ast-walker.ts'
import { isOutOfBounds } from './key-words.ts'
import { piecesOf, type Piece, type Token } from './pieces.ts'
import { plainVerdict } from './plain-statements.ts'
import { gatherFromTokens } from './token-names.ts'

/** The part of node-sql-parser that is used. */
export interface Grammar {
  astify(sql: string): unknown
}

/** Maximum number of tokens: the grammar takes 10 to 50 µs for each. */
const MAX_TOKENS = 1_000
/** Deeper trees take too long, and no person writes them. */
const MAX_NESTING = 300
const MAX_COMMENTS_IN_A_RUN = 64

/** Analyzes texts by the grammar of node-sql-parser. It is loaded with that package. */
export class TokenAnalyzer {
  readonly #grammar: Grammar

  constructor(grammar: Grammar) {
    this.#grammar = grammar
  }

  analyze(sql: string): Analysis {
    if (sql.includes('\0') || /\p{Surrogate}/u.test(sql)) return refused('unparseable')
    const text = condensed(sql, MAX_TOKENS)
    if (nestingOf(text.sql, MAX_NESTING) > MAX_NESTING || hasCommentRun(text.sql, MAX_COMMENTS_IN_A_RUN))
      return refused('too-deep')
    const hint = hintOf(sql)
    if (text.tokens > MAX_TOKENS) return { ...refused('too-large'), ...(hint && { hint }) }
    const analysis = relocated(this.#analyzePieces(text.sql), text.originalOf)
    return hint === undefined ? analysis : { ...analysis, hint }
  }

  #analyzePieces(sql: string): Analysis {
    const cut = piecesOf(sql)
    if (cut === undefined) return refused('unparseable')
    const findings = new Findings()
    const verdicts = cut.pieces.map((piece) => this.#judge(piece, findings, cut.quotedNames))
    return {
      ...strictestOf(verdicts),
      multiple: verdicts.length > 1,
      functions: findings.functions.uses(),
      relations: findings.relations.uses(),
      operators: findings.operators.uses(),
      attributes: findings.attributes.uses(),
      types: findings.types.uses(),
    }
  }

  #judge(piece: Piece, findings: Findings, quotedNames: ReadonlyMap<string, string>): Verdict {
    const first = piece.tokens.find(({ kind }) => kind !== 'open')
    const isQuery = first?.kind === 'word' && (first.text === 'select' || first.text === 'with')
    if (isQuery || mayRunQueries.has(first?.text ?? '')) gatherFromTokens(piece.tokens, findings)
    else if (first?.text === 'create') gatherFromTokens(fillingOf(piece.tokens), findings)
    if (!isQuery) return plainVerdict(piece.tokens)
    const stray = piece.tokens.find(({ kind, text }) => kind === 'word' && isOutOfBounds(text))
    if (stray !== undefined) return unknown('unknown-statement', { text: stray.text.toUpperCase() })
    return this.#judgeQuery(piece.sql, findings, quotedNames)
  }

  #judgeQuery(sql: string, findings: Findings, quotedNames: ReadonlyMap<string, string>): Verdict {
    let tree: unknown
    try {
      tree = this.#grammar.astify(sql)
    } catch {
      return unknown('unparseable')
    }
    const [query, ...others] = Array.isArray(tree) ? (tree as readonly unknown[]) : [tree]
    if (others.length > 0 || typeOf(query) !== 'select') return unknown('unknown-statement')
    new AstWalker(findings, quotedNames).visit(query, 'query')
    return findings.takeRefusal() ?? read('select')
  }
}

/** Statements whose functions run with them. */
const mayRunQueries: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'declare'])

/** Returns the query that fills a created table. */
function fillingOf(tokens: readonly Token[]): readonly Token[] {
  const words = tokens.map(({ kind, text }) => (kind === 'word' ? text : ''))
  if (words.includes('view') && !words.includes('materialized')) return []
  const as = words.indexOf('as')
  const start = words.findIndex((word, index) => as >= 0 && index > as && fills.has(word))
  return start < 0 ? [] : tokens.slice(start)
}

const fills: ReadonlySet<string> = new Set(['select', 'values', 'with'])

function typeOf(node: unknown): unknown {
  return typeof node === 'object' && node !== null ? (node as { readonly type?: unknown }).type : undefined
}

function refused(reason: StatementReason): Analysis {
  return { ...unknown(reason), multiple: false, functions: [], relations: [], operators: [], types: [] }
}
