import { firstWord, percent, refusals, score, type Score } from '../corpus/score.ts'
import type { StatementReason } from '../../src/statement/statement.ts'
import type { Replayed } from './replay.ts'

/** Of the SELECTs that both servers took, the share that has to be judged a read. */
export const wantedShare = 0.95

/** What came of a replay, compared to what was recorded and to what the standby answers now. */
export interface CorpusFigures {
  readonly score: Score
  /** Statements that the primary took when they were recorded, and no more. */
  readonly diverged: readonly Replayed[]
  /** Judged a read, taken by the primary, and refused by the standby now: defects. */
  readonly refusedNow: readonly Replayed[]
  readonly sentToStandby: number
  /** SELECTs that both took and that are no read, by reason, most frequent first, with the names that decided. */
  readonly heldBack: readonly (readonly [StatementReason, readonly string[]])[]
}

export function figuresOf(rows: readonly Replayed[]): CorpusFigures {
  const byOutcome = new Map(rows.map((row) => [row.outcome, row.statement]))
  const comparable = rows.filter(
    ({ outcome, primary }) => primary === 'ok' || outcome.primary !== 'ok' || outcome.standby !== 'ok',
  )
  const judged = score(
    comparable.map((row) => row.outcome),
    (_, outcome) => byOutcome.get(outcome) ?? missing(outcome.sql),
  )
  const taken = rows.filter(({ outcome }) => outcome.primary === 'ok')
  const refusedNow = taken.filter(
    ({ primary, standby }) => primary === 'ok' && standby !== undefined && refusals.has(standby),
  )
  return {
    score: judged,
    diverged: taken.filter(({ primary }) => primary !== 'ok'),
    refusedNow,
    sentToStandby: rows.filter(({ standby }) => standby !== undefined).length,
    heldBack: heldBack(comparable),
  }
}

function heldBack(rows: readonly Replayed[]): CorpusFigures['heldBack'] {
  const byReason = new Map<StatementReason, string[]>()
  for (const { outcome, statement } of rows) {
    if (
      outcome.primary !== 'ok' ||
      outcome.standby !== 'ok' ||
      statement.kind === 'read' ||
      firstWord(outcome.sql) !== 'select'
    )
      continue
    const names = byReason.get(statement.reason) ?? []
    names.push(statement.offender?.text ?? 'the whole text')
    byReason.set(statement.reason, names)
  }
  return [...byReason].toSorted(([, a], [, b]) => b.length - a.length)
}

function missing(sql: string): never {
  throw new RangeError(`Not replayed: ${sql}`)
}

/** The reasons for holding SELECTs back, in Markdown. */
export function heldBackTable({ heldBack: reasons, score: { selects } }: CorpusFigures): string {
  const rows = reasons.map(([reason, names]) => [
    `\`${reason}\``,
    String(names.length),
    percent(names.length, selects),
    mostFrequent(names, 6),
  ])
  const head = ['reason', 'SELECTs', 'of all', 'for instance']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function mostFrequent(names: readonly string[], limit: number): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, limit)
  return sorted.map(([name, count]) => `\`${name}\` ${count}`).join(', ')
}
