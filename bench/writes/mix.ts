import type { Random } from '../../src/cli/demo/random.ts'
import { compare, type Figures, type Measure } from './compare.ts'
import { lagText, ROWS, setLag, TABLES, type Lag } from './ground.ts'
import type { Load, Work } from './load.ts'
import { told } from './told.ts'

/** `none`: every statement on its own. `ten`: ten statements in each session. */
export type MixSessions = 'none' | 'ten'

export interface MixChoice {
  /** Shares of the statements that write, in per cent. */
  readonly writeShares: readonly number[]
  readonly lags: readonly Lag[]
  readonly sessions: readonly MixSessions[]
  readonly callers: readonly number[]
}

export interface MixCell extends Figures {
  /** Share of the statements that write, in per cent. */
  readonly writeShare: number
  readonly lag: Lag
  readonly sessions: MixSessions
  readonly callers: number
}

const SESSION = 10

/** Measures the mix of an application: reads and updates of single rows of ten tables, in a closed loop. */
export async function measureMix(measure: Measure, choice: MixChoice): Promise<readonly MixCell[]> {
  const cells: MixCell[] = []
  for (const lag of choice.writeShares.length === 0 ? [] : choice.lags) {
    await setLag(measure.cluster, lag)
    for (const sessions of choice.sessions) {
      for (const writeShare of choice.writeShares) {
        for (const callers of choice.callers) {
          const cell = { writeShare, lag, sessions, callers }
          const figures = await compare(measure, ['bare', 'causal'], loadOf(cell, measure.seconds))
          cells.push({ ...cell, ...figures })
          const inSessions = sessions === 'none' ? 'no sessions' : 'a session for ten statements'
          told(
            `mix ${100 - writeShare}/${writeShare}, ${lagText(lag)}, ${callers} callers, ${inSessions}`,
            figures,
          )
        }
      }
    }
  }
  return cells
}

function loadOf(cell: Omit<MixCell, keyof Figures>, seconds: number): Load {
  const { callers, sessions, writeShare } = cell
  const work = (random: Random): Work => (random.chance(writeShare / 100) ? 'write' : 'read')
  const row = (random: Random): number => random.integer(0, TABLES * ROWS - 1)
  return {
    callers,
    request: (random) =>
      sessions === 'none' ? [work(random)] : Array.from({ length: SESSION }, () => work(random)),
    inSessions: sessions === 'ten',
    readRow: row,
    writtenRow: row,
    writesPerSecond: 0,
    seconds,
  }
}
