import { Scanner } from '../../src/statement/scanner.ts'
import type { Statement } from '../../src/statement/statement.ts'
import type { Outcome } from './outcomes.ts'

/** What a standby answers to a statement that it refuses because it is a standby. */
export const refusals: ReadonlySet<string> = new Set(['25006', '0A000', '55000', 'XX000'])

/** How a judgement compares to what the servers did. Only statements that the primary took count. */
export interface Score {
  /** How many were judged a read and refused by the standby: defects. */
  readonly misjudged: readonly Outcome[]
  readonly refused: number
  /** SELECTs that both servers took, and how many of them were judged a read. */
  readonly selects: number
  readonly selectsRead: number
  /** Everything that both servers took, and how much of it was judged a read. */
  readonly taken: number
  readonly takenRead: number
}

export function score(
  outcomes: readonly Outcome[],
  judge: (sql: string, outcome: Outcome) => Statement,
): Score {
  const rows = outcomes
    .filter(({ primary }) => primary === 'ok')
    .map((outcome) => ({ outcome, isRead: judge(outcome.sql, outcome).kind === 'read' }))
  const refused = rows.filter(({ outcome }) => refusals.has(outcome.standby))
  const taken = rows.filter(({ outcome }) => outcome.standby === 'ok')
  const selects = taken.filter(({ outcome }) => firstWord(outcome.sql) === 'select')
  return {
    misjudged: refused.filter(({ isRead }) => isRead).map(({ outcome }) => outcome),
    refused: refused.length,
    selects: selects.length,
    selectsRead: selects.filter(({ isRead }) => isRead).length,
    taken: taken.length,
    takenRead: taken.filter(({ isRead }) => isRead).length,
  }
}

/** A row for each engine, in Markdown. */
export function scoreTable(scores: Readonly<Record<string, Score>>): string {
  const rows = Object.entries(scores).map(([name, found]) => [
    name,
    `${found.misjudged.length} of ${found.refused}`,
    `${found.selectsRead} of ${found.selects} (${percent(found.selectsRead, found.selects)})`,
    `${found.takenRead} of ${found.taken} (${percent(found.takenRead, found.taken)})`,
  ])
  const head = [
    'engine',
    'refused by the standby, judged a read',
    'SELECTs that ran on both, judged a read',
    'all',
  ]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}

/** The first key word, behind comments and brackets. */
export function firstWord(sql: string): string {
  const scanner = new Scanner(sql)
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'word') return scanner.text.toLowerCase()
  }
  return ''
}
