import type { Random } from '../../src/cli/demo/random.ts'
import { compare, type Figures, type Measure } from './compare.ts'
import type { ContenderName } from './contender.ts'
import { lagText, ROWS, setLag, type Lag, type Row } from './ground.ts'
import type { Load, Work } from './load.ts'
import { told } from './told.ts'

/** Which rows are read while rows of the first table are written. */
export const CASES = ['another-table', 'other-keys', 'same-rows'] as const
export type Case = (typeof CASES)[number]

/** `none`: every statement on its own. `request`: requests of ten statements, each in a session; a tenth write once. */
export type MatrixSessions = 'none' | 'request'

export interface MatrixChoice {
  readonly cases: readonly Case[]
  readonly lags: readonly Lag[]
  readonly rates: readonly number[]
  readonly sessions: readonly MatrixSessions[]
  readonly callers: readonly number[]
  /** Number of rows that `same-rows` reads and writes. */
  readonly sameRows: number
  /** Cases in which `consistency: 'eventual'` is measured as well, where there are no sessions. */
  readonly eventual: readonly Case[]
}

export interface MatrixCell extends Figures {
  readonly case: Case
  readonly lag: Lag
  readonly writesPerSecond: number
  readonly sessions: MatrixSessions
  readonly callers: number
}

const REQUEST = 10
const WRITING_SHARE = 0.1

/** Measures every chosen combination. */
export async function measureMatrix(measure: Measure, choice: MatrixChoice): Promise<readonly MatrixCell[]> {
  const { cases, lags, rates, sessions: all, callers: numbers } = choice
  const cells: MatrixCell[] = []
  for (const lag of cases.length === 0 ? [] : lags) {
    await setLag(measure.cluster, lag)
    for (const sessions of all) {
      for (const each of cases) {
        for (const callers of numbers) {
          for (const writesPerSecond of rates) {
            const cell = { case: each, lag, writesPerSecond, sessions, callers }
            const figures = await compare(measure, contendersOf(cell, choice), loadOf(cell, measure, choice))
            cells.push({ ...cell, ...figures })
            const inSessions = sessions === 'none' ? 'no sessions' : 'a session per request'
            told(
              `${each}, ${lagText(lag)}, ${writesPerSecond} writes/s, ${callers} callers, ${inSessions}`,
              figures,
            )
          }
        }
      }
    }
  }
  return cells
}

type Cell = Omit<MatrixCell, keyof Figures>

function contendersOf(cell: Cell, { eventual }: MatrixChoice): readonly ContenderName[] {
  if (cell.sessions === 'request') return ['bare', 'causal', 'unwritten']
  return eventual.includes(cell.case) ? ['bare', 'causal', 'eventual'] : ['bare', 'causal']
}

function loadOf(cell: Cell, { seconds }: Measure, { sameRows }: MatrixChoice): Load {
  const { callers, sessions, writesPerSecond } = cell
  return {
    callers,
    request: sessions === 'none' ? () => ['read'] : requestOfTen,
    inSessions: sessions === 'request',
    ...rowsOf(cell.case, sameRows),
    writesPerSecond,
    // At least one write in each round.
    seconds: Math.max(seconds, 1 / writesPerSecond),
  }
}

function requestOfTen(random: Random): readonly Work[] {
  const statements: Work[] = Array.from({ length: REQUEST }, () => 'read')
  if (random.chance(WRITING_SHARE)) statements[random.integer(0, REQUEST - 1)] = 'write'
  return statements
}

function rowsOf(name: Case, sameRows: number): Pick<Load, 'readRow' | 'writtenRow'> {
  const between =
    (first: Row, end: Row) =>
    (random: Random): Row =>
      random.integer(first, end - 1)
  switch (name) {
    case 'another-table':
      return { writtenRow: between(0, ROWS), readRow: between(ROWS, 2 * ROWS) }
    case 'other-keys':
      return { writtenRow: between(0, ROWS / 2), readRow: between(ROWS / 2, ROWS) }
    case 'same-rows':
      return { writtenRow: between(0, sameRows), readRow: between(0, sameRows) }
    default:
      throw new Error(`Unexpected case: ${String(name satisfies never)}`)
  }
}
