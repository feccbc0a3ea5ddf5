import type { Comparison, Figures, Ratio } from './compare.ts'
import { lagText } from './ground.ts'
import type { MatrixCell, MatrixSessions } from './matrix.ts'
import type { MixCell } from './mix.ts'
import { unique } from './plots.ts'
import type { NobodyReads } from './questions.ts'

export interface Results {
  readonly matrix: readonly MatrixCell[]
  readonly mix: readonly MixCell[]
  readonly nobodyReads: NobodyReads | undefined
}

const HEADING =
  'Reads per second over bare; in brackets the p50 of a read over that of bare.\nThe columns behind them show the worst of the row.'

/** Renders the figures as tables of a page. */
export function summaryOf({ matrix, mix, nobodyReads }: Results): string {
  const all: readonly Figures[] = [...matrix, ...mix]
  const stale = all.reduce((sum, { contenders }) => sum + (contenders.causal?.staleReads ?? 0), 0)
  const reads = all.reduce((sum, { contenders }) => sum + (contenders.causal?.reads.count ?? 0), 0)
  return [
    ...(matrix.length === 0 ? [] : [HEADING]),
    ...unique(matrix.map(({ sessions }) => sessions)).map((sessions) => matrixTable(matrix, sessions)),
    ...(mix.length === 0 ? [] : [mixTable(mix)]),
    ...(nobodyReads === undefined
      ? []
      : [
          `No reads, ${nobodyReads.writesPerSecond} writes per second: ${nobodyReads.questionsPerWrite} questions to the primary per write.`,
        ]),
    `Stale reads: ${stale} of ${reads}.`,
  ].join('\n\n')
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return [headings, headings.map(() => '---'), ...rows].map(row).join('\n')
}

const fixed = (value: number): string => value.toFixed(2)
const overBare = ({ overBare: over }: Figures): string =>
  `${fixed(over.readsPerSecond.median)} (${fixed(over.p50.median)})`
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const worstShare = (cells: readonly Figures[]): number =>
  Math.max(...cells.map(({ contenders }) => contenders.causal?.primaryShare ?? 0))

function matrixTable(matrix: readonly MatrixCell[], sessions: MatrixSessions): string {
  const cells = matrix.filter((cell) => cell.sessions === sessions)
  const rates = unique(cells.map(({ writesPerSecond }) => writesPerSecond))
  const isAlone = sessions === 'none'
  const titleOf = (cell: MatrixCell): readonly string[] => [
    `\`${cell.case}\``,
    lagText(cell.lag),
    String(cell.callers),
  ]
  const rows = unique(cells.map((cell) => titleOf(cell).join('|'))).map((title) => {
    const shown = cells.filter((cell) => titleOf(cell).join('|') === title)
    const last = isAlone
      ? worst(shown, ({ overEventual }) => overEventual?.readsPerSecond, Math.min)
      : worst(
          shown,
          ({ overUnwritten }: { overUnwritten?: Comparison }) => overUnwritten?.readersP50,
          Math.max,
        )
    const ratios = rates.map((rate) => {
      const cell = shown.find(({ writesPerSecond }) => writesPerSecond === rate)
      return cell === undefined ? '–' : overBare(cell)
    })
    return [...title.split('|'), ...ratios, percent(worstShare(shown)), last]
  })
  const headings = [
    isAlone ? 'no sessions' : 'a session per request',
    'replicas',
    'callers',
    ...rates.map((rate) => `${rate.toLocaleString('en')} writes/s`),
    'on the primary',
    isAlone ? 'reads over `eventual`' : 'p50 of readers over a pool that never writes',
  ]
  return table(headings, rows)
}

function worst(
  cells: readonly MatrixCell[],
  ratioOf: (cell: MatrixCell) => Ratio | undefined,
  of: (...values: number[]) => number,
): string {
  const ratios = cells.map(ratioOf).filter((ratio) => ratio !== undefined)
  return ratios.length === 0 ? '–' : fixed(of(...ratios.map(({ median }) => median)))
}

function mixTable(mix: readonly MixCell[]): string {
  const kinds = unique(mix.map(({ sessions }) => sessions))
  const titleOf = ({ callers, lag, writeShare }: MixCell): string =>
    [`mix ${100 - writeShare}/${writeShare}`, lagText(lag), String(callers)].join('|')
  const rows = unique(mix.map(titleOf)).map((title) => {
    const shown = mix.filter((cell) => titleOf(cell) === title)
    const ratios = kinds.map((kind) => {
      const cell = shown.find(({ sessions }) => sessions === kind)
      return cell === undefined ? '–' : overBare(cell)
    })
    return [...title.split('|'), ...ratios, percent(worstShare(shown))]
  })
  const titles = kinds.map((kind) => (kind === 'none' ? 'no sessions' : 'a session for ten statements'))
  return table(['mix', 'replicas', 'callers', ...titles, 'on the primary'], rows)
}
