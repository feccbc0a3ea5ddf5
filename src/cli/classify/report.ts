import type { Statement, TransactionModes } from '../../statement/statement.ts'
import { span, type Line, type Span } from '../demo/paint.ts'
import { excerptOf } from './excerpt.ts'
import { hasMisspeltHint } from './hint-comments.ts'
import type { Judgement } from './judge-text.ts'
import { pieceOf } from './offending-piece.ts'
import { reasonInWords } from './reasons.ts'

/** Width of a line number of up to four digits and a bar. */
const GUTTER_COLUMNS = 7
const MIN_COLUMNS = 20

export interface ReportOptions {
  /** Maximum width of the excerpt of the SQL text. */
  readonly columns: number
  /** False when only the text was judged. */
  readonly askedDatabase: boolean
}

/** Formats a judgement for people. */
export function reportLines(sql: string, judgement: Judgement, options: ReportOptions): readonly Line[] {
  const { statement, route } = judgement
  const style = route.role === 'replica' ? 'green' : 'yellow'
  const facts = factsOf(sql, judgement)
  const note = options.askedDatabase ? undefined : noteOnText(statement)
  return [
    [
      span(statement.kind, 'bold'),
      span(' → '),
      span(route.role === 'replica' ? 'a replica' : 'the primary', style),
    ],
    [span(`${reasonInWords(statement)} `), span(`(${statement.reason})`, 'dim')],
    ...excerptLines(sql, statement, options.columns),
    ...(facts.length === 0 ? [] : [[], ...facts.map((fact) => [span(fact)])]),
    ...(note === undefined ? [] : [[], [span(note, 'dim')]]),
  ]
}

function excerptLines(sql: string, { offender }: Statement, columns: number): readonly Line[] {
  const piece = offender && pieceOf(sql, offender)
  if (piece === undefined) return []
  const lines = excerptOf(sql, piece, Math.max(MIN_COLUMNS, columns - GUTTER_COLUMNS))
  const gutter = (text: string): Span => span(`${text.padStart(GUTTER_COLUMNS - 3)} | `, 'dim')
  return [
    [],
    ...lines.flatMap(({ number, text, marks }) => [
      [gutter(String(number)), span(text)],
      [gutter(''), span(marks, 'red')],
    ]),
  ]
}

function factsOf(sql: string, { statement, route }: Judgement): readonly string[] {
  const { kind, hint, modes, mayWrite, leavesSessionState, multiple } = statement
  const facts: string[] = []
  if (multiple) {
    facts.push('The text holds several statements. They are sent as one, and the strictest decides.')
  }
  if (modes !== undefined && Object.keys(modes).length > 0) {
    facts.push(`The transaction is to be ${modesInWords(modes)}.`)
  }
  if (leavesSessionState) {
    facts.push(
      'It leaves state on its connection, or may do so: a client that ran it keeps that connection until it ' +
        'is released.',
    )
  }
  if (kind === 'write' && !mayWrite) facts.push('It changes no data, so later reads need not follow it.')
  if (kind !== 'write' && mayWrite) facts.push('It may change data, so its session’s reads follow it.')
  if (hint === 'primary' && route.reason === 'hint-primary') {
    facts.push('A comment in it asks for the primary.')
  } else if (hint === 'replica' && route.reason === 'hint-replica') {
    facts.push('A comment in it asks for a replica, also right after a write of its session.')
  } else if (hint === 'replica') {
    facts.push('A comment in it asks for a replica. It is ignored: only a proven read goes there.')
  }
  if (hasMisspeltHint(sql)) {
    facts.push(
      'A comment in it seems to ask for a route, and is ignored: only /* route: primary */ and /* route: ' +
        'replica */ count.',
    )
  }
  return facts
}

function modesInWords({ accessMode, isolation, deferrable }: TransactionModes): string {
  const waits = deferrable === undefined ? undefined : deferrable ? 'deferrable' : 'not deferrable'
  return [isolation, accessMode, waits].filter((word) => word !== undefined).join(', ')
}

/** Returns a note if the database could change the result. */
function noteOnText({ kind, reason }: Statement): string | undefined {
  if (reason === 'catalog-pending') return 'The database may know it: --catalog URL asks it.'
  if (kind !== 'read' || reason === 'empty') return undefined
  return 'Judged by the text alone, which takes relations for ordinary tables: --catalog URL asks the database.'
}
