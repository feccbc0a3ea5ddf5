import { percent } from '../corpus/score.ts'
import { difference } from './answers.ts'
import type { Run } from './transparency-run.ts'

/** A statement that the routed pool answered in another way than `pg.Pool`. */
export interface Difference {
  readonly file: string
  readonly sql: string
  readonly cause: string
  readonly bare: string
  readonly routed: string
  readonly byReplica: boolean
}

export interface Findings {
  readonly statements: number
  /** Those that two bare runs answer in different ways, which prove nothing. */
  readonly unstable: readonly Run[]
  readonly differences: readonly Difference[]
  readonly couldMove: number
  readonly moved: number
  /** Share of what could move that did, 0 to 1. */
  readonly share: number
}

export function compare(one: readonly Run[], other: readonly Run[], routed: readonly Run[]): Findings {
  const unstable: Run[] = []
  const differences: Difference[] = []
  for (const [index, run] of one.entries()) {
    const again = other[index]
    const subject = routed[index]
    if (again === undefined || subject === undefined) throw new Error(`${run.file}: not all of it was run`)
    if (difference(run.answer, again.answer) !== undefined) {
      unstable.push(run)
      continue
    }
    const cause = difference(run.answer, subject.answer)
    if (cause === undefined) continue
    const { file, sql } = run
    const { byReplica } = subject
    differences.push({
      file,
      sql,
      cause,
      bare: run.answer.excerpt,
      routed: subject.answer.excerpt,
      byReplica,
    })
  }
  const movable = routed.filter(({ couldMove }) => couldMove)
  const moved = movable.filter(({ byReplica }) => byReplica).length
  const couldMove = movable.length
  const share = couldMove === 0 ? 1 : moved / couldMove
  return { statements: one.length, unstable, differences, couldMove, moved, share }
}

export function summaryOf({ statements, unstable, differences, couldMove, moved }: Findings): string {
  const causes = [...new Set(differences.map(({ cause }) => cause))]
  const lines = causes
    .map((cause) => differences.filter((row) => row.cause === cause))
    .toSorted((one, other) => other.length - one.length)
    .map((rows) => `  ${rows.length} × ${rows[0]?.cause}, first in ${rows[0]?.file}: ${brief(rows[0]?.sql)}`)
  return [
    `${statements} statements, of which two bare runs answer ${unstable.length} in different ways.`,
    `${differences.length} others are answered in another way by the routed pool.`,
    ...lines,
    `Replicas answered ${moved} of the ${couldMove} SELECTs (${percent(moved, couldMove)}) that ran outside of transactions and touch nothing temporary.`,
  ].join('\n')
}

function brief(sql: string | undefined): string {
  return (sql ?? '').replaceAll(/--.*$/gm, ' ').replaceAll(/\s+/g, ' ').trim().slice(0, 100)
}
