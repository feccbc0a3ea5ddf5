import { printable } from '../classify/glyphs.ts'
import { span, wrapped, type Line } from '../demo/paint.ts'
import { freedBy, whyTheyStay } from './advice.ts'
import type { Amount, CountedStatement, Tally } from './tally.ts'

/** Statements that are shown of each cause. */
const MOST_SHOWN = 3
const MOST_IN_JSON = 10
const LONGEST_TEXT = 100

/** Share of a whole, 0 to 1. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function percent(part: number, whole: number): string {
  return `${(100 * shareOf(part, whole)).toFixed(1)} %`
}

/** Returns the report as lines of at most `columns`. */
export function reportLines(tally: Tally, notes: readonly string[], columns: number): readonly Line[] {
  const { all, replica, reads, movedReads, causes, isTimed } = tally
  const remarks = notes.map((note): Line => [span(`  - ${note}`)])
  if (all.calls === 0) {
    return [[span('There are no statements to classify.', 'bold')], ...remarks].flatMap((line) =>
      wrapped(line, columns),
    )
  }
  const timed = (amount: Amount): string => (isTimed ? `, ${percent(amount.ms, all.ms)} of the time` : '')
  const stays = { calls: all.calls - replica.calls, ms: all.ms - replica.ms }
  const lines: Line[] = [
    [
      span(`${percent(replica.calls, all.calls)} of ${all.calls} statements`, 'bold'),
      span(`${timed(replica)} would leave the primary.`, 'bold'),
    ],
    [
      span(
        `${reads.calls} are proven reads; ${percent(movedReads.calls, reads.calls)} of these would run on replicas.`,
      ),
    ],
  ]
  if (causes.length > 0)
    lines.push(
      [],
      [span(`Statements that stay on the primary (${percent(stays.calls, all.calls)}${timed(stays)}):`)],
    )
  for (const { cause, offenders, statements, ...amount } of causes) {
    const advice = freedBy(cause, offenders)
    lines.push(
      [],
      [
        span(`  ${percent(amount.calls, all.calls)} `, advice === undefined ? 'dim' : 'yellow'),
        span(cause, 'bold'),
        span(timed(amount), 'dim'),
      ],
      [span(`    ${whyTheyStay(cause)}.`)],
      ...(advice === undefined ? [] : [[span(`    → ${printable(advice)}`)]]),
      ...statements.slice(0, MOST_SHOWN).map((each) => [span(`      ${shown(each)}`, 'dim')]),
    )
  }
  if (notes.length > 0) lines.push([], [span('Still unknown:')], ...remarks)
  return lines.flatMap((line) => wrapped(line, columns))
}

function shown({ calls, sql }: CountedStatement): string {
  const text = sql.length > LONGEST_TEXT ? `${sql.slice(0, LONGEST_TEXT)}…` : sql
  return `${calls} × ${printable(text)}`
}

/** Returns the report as one JSON object. */
export function asJson(tally: Tally, notes: readonly string[]): string {
  const { all, replica, reads, movedReads, causes, isTimed } = tally
  const timeOf = ({ ms }: Amount): object => (isTimed ? { ms: rounded(ms) } : {})
  return JSON.stringify({
    statements: all.calls,
    replica: replica.calls,
    share: shareOf(replica.calls, all.calls),
    ...(isTimed && {
      ms: rounded(all.ms),
      replicaMs: rounded(replica.ms),
      timeShare: shareOf(replica.ms, all.ms),
    }),
    reads: { statements: reads.calls, replica: movedReads.calls, ...timeOf(reads) },
    stays: causes.map(({ cause, offenders, statements, ...amount }) => ({
      cause,
      statements: amount.calls,
      share: shareOf(amount.calls, all.calls),
      ...timeOf(amount),
      why: whyTheyStay(cause),
      freedBy: freedBy(cause, offenders) ?? null,
      offenders,
      top: statements
        .slice(0, MOST_IN_JSON)
        .map(({ sql, ...each }) => ({ sql, statements: each.calls, ...timeOf(each) })),
    })),
    unknown: notes,
  })
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
