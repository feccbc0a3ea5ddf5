import { firstWord, percent, refusals } from '../corpus/score.ts'
import type { Row } from './run.ts'

/** What came of the statements of one project. */
export interface Figures {
  readonly statements: number
  /** Different texts. */
  readonly distinct: number
  readonly ran: number
  readonly reads: number
  /** SELECTs that both servers took, and those of them that were judged a read. */
  readonly selects: number
  readonly selectsRead: number
  readonly refused: number
  readonly dangerous: readonly Row[]
  /** Statements that both servers took and that are no read by their reason: other than session state and the like. */
  readonly missed: readonly Row[]
  /** Where the judge with its caches said something else: it parses no text that differs in constants alone. */
  readonly inconsistent: readonly Row[]
}

export function figuresOf(rows: readonly Row[]): Figures {
  const ran = rows.filter(({ primary }) => primary === 'ok')
  const selects = ran.filter(({ standby, sql }) => standby === 'ok' && isSelect(sql))
  const missed = selects.filter(({ kind }) => kind !== 'read')
  return {
    statements: rows.length,
    distinct: new Set(rows.map(({ sql }) => sql)).size,
    ran: ran.length,
    reads: rows.filter(({ kind }) => kind === 'read').length,
    selects: selects.length,
    selectsRead: selects.length - missed.length,
    refused: ran.filter(({ standby }) => refusals.has(standby)).length,
    dangerous: ran.filter(isDangerous),
    missed,
    inconsistent: rows.filter(({ cached }) => cached !== undefined),
  }
}

/** Whether a statement was judged a read, and was refused by the standby for being one, or changed something silently. */
export function isDangerous({ kind, cached, standby, changed }: Row): boolean {
  return (kind === 'read' || cached === 'read') && (refusals.has(standby) || changed !== undefined)
}

function isSelect(sql: string): boolean {
  return ['select', 'with', 'values', 'table'].includes(firstWord(sql))
}

/** A row for each project, in Markdown, and a last one for all. */
export function figuresTable(byProject: ReadonlyMap<string, Figures>): string {
  const head = [
    'project',
    'statements',
    'different',
    'ran on the primary',
    'reads',
    'SELECTs recognised',
    'refused by the standby',
    'dangerous',
    'safe but missed',
  ]
  const rows = [...byProject].map(([name, figures]) => [name, ...cells([figures])])
  const all = ['**all**', ...cells([...byProject.values()])]
  return [head, head.map(() => '---'), ...rows, all].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function cells(figures: readonly Figures[]): readonly string[] {
  const sum = (numberIn: (one: Figures) => number): number =>
    figures.reduce((total, one) => total + numberIn(one), 0)
  const [selects, selectsRead] = [sum((one) => one.selects), sum((one) => one.selectsRead)]
  return [
    sum((one) => one.statements),
    sum((one) => one.distinct),
    sum((one) => one.ran),
    sum((one) => one.reads),
    selects === 0 ? '–' : `${selectsRead} of ${selects} (${percent(selectsRead, selects)})`,
    sum((one) => one.refused),
    sum((one) => one.dangerous.length),
    sum((one) => one.missed.length),
  ].map(String)
}

/** The reasons for which SELECTs were missed, most frequent first, each with its most frequent names. */
export function missedReasons({ missed }: Figures): readonly string[] {
  const byReason = count(missed.map(({ reason }) => reason))
  return byReason.map(([reason, number]) => {
    const names = count(missed.filter((row) => row.reason === reason).map(({ offender }) => offender ?? '–'))
    const examples = names.slice(0, 8).map(([name, times]) => `${name} ${times}`)
    return `${reason} ${number}: ${examples.join(', ')}`
  })
}

function count(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].toSorted(([, one], [, other]) => other - one)
}
