import { join } from 'node:path'
import { writePlot } from '../support/plot.ts'
import { lagText } from './ground.ts'
import type { MatrixCell } from './matrix.ts'
import type { MixCell } from './mix.ts'

export const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)]

const lineOf = (cell: MatrixCell): string => `${cell.case.replace('-', ' ')}, ${lagText(cell.lag)}`
const barOf = (cell: MixCell): string =>
  `${100 - cell.writeShare}/${cell.writeShare}, ${cell.sessions === 'none' ? 'no sessions' : 'a session for ten'}`
// Two lines, so that all of them fit under the bars.
const groupOf = ({ callers, lag }: MixCell): string =>
  `${lag === 'natural' ? lag : `${lag} ms`}\n${callers} callers`

/** Draws throughput over bare by write rate, a line for each case and lag. Returns the names of the files. */
export function plotMatrix(directory: string, all: readonly MatrixCell[]): readonly string[] {
  return unique(all.map(({ callers, sessions }) => `${sessions}-${callers}`)).map((name) => {
    const cells = all.filter(({ callers, sessions }) => `${sessions}-${callers}` === name)
    const rates = unique(cells.map(({ writesPerSecond }) => writesPerSecond))
    const [sessions = '', callers = ''] = name.split('-')
    const inSessions = sessions === 'none' ? 'no sessions' : 'a session per request'
    const series = unique(cells.map(lineOf)).map((line) => ({
      name: line,
      values: rates.map((rate) => {
        const cell = cells.find((each) => each.writesPerSecond === rate && lineOf(each) === line)
        return cell?.overBare.readsPerSecond.median
      }),
    }))
    const file = `writes-${name}.svg`
    writePlot(join(directory, file), {
      title: `Reads per second over bare pg.Pool: ${callers} callers, ${inSessions}`,
      unit: '× bare',
      type: 'line',
      categories: rates.map((rate) => `${rate} writes/s`),
      series: [...series, { name: 'bare', values: rates.map(() => 1) }],
    })
    return file
  })
}

/** Draws the throughput of the mix over bare. Returns the names of the files. */
export function plotMix(directory: string, cells: readonly MixCell[]): readonly string[] {
  if (cells.length === 0) return []
  const groups = unique(cells.map(groupOf))
  const file = 'writes-mix.svg'
  writePlot(join(directory, file), {
    title: 'The mix of an application: reads per second over bare pg.Pool',
    unit: '× bare',
    categories: groups,
    series: unique(cells.map(barOf)).map((bar) => ({
      name: bar,
      values: groups.map((group) => {
        const cell = cells.find((each) => groupOf(each) === group && barOf(each) === bar)
        return cell?.overBare.readsPerSecond.median
      }),
    })),
  })
  return [file]
}
