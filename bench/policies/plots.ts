import { join } from 'node:path'
import { writePlot } from '../support/plot.ts'
import type { BalancerFigures } from './balancers.ts'
import type { ConsistencyFigures } from './consistency.ts'

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)]

export function plotBalancers(directory: string, figures: readonly BalancerFigures[]): void {
  const scenarios = unique(figures.map(({ scenario }) => scenario))
  const balancers = unique(figures.map(({ balancer }) => balancer))
  const cell = (scenario: string, balancer: string): BalancerFigures | undefined =>
    figures.find((each) => each.scenario === scenario && each.balancer === balancer)
  for (const [name, title] of [
    ['p50Ms', 'Half of the reads take at most'],
    ['p99Ms', '99 of 100 reads take at most'],
  ] as const) {
    writePlot(join(directory, `policies-${name.slice(0, -2)}.svg`), {
      title,
      unit: 'ms',
      scale: 'log',
      categories: scenarios,
      series: balancers.map((balancer) => ({
        name: balancer,
        values: scenarios.map((scenario) => cell(scenario, balancer)?.[name]),
      })),
    })
  }
  writePlot(join(directory, 'policies-share.svg'), {
    title: 'Share of the reads on the replica that the trouble is with',
    unit: '%',
    categories: scenarios.filter((scenario) => scenario !== 'without it'),
    series: balancers.map((balancer) => ({
      name: balancer,
      values: scenarios
        .filter((scenario) => scenario !== 'without it')
        .map((scenario) => 100 * (cell(scenario, balancer)?.shares['replica 1'] ?? 0)),
    })),
  })
}

export function plotConsistency(directory: string, figures: readonly ConsistencyFigures[]): void {
  const lags = unique(figures.map(({ lagMs }) => lagMs))
  const modes = unique(figures.map(({ consistency }) => consistency))
  const series = (of: (figures: ConsistencyFigures) => number): { name: string; values: number[] }[] =>
    modes.map((mode) => ({
      name: mode,
      values: figures.filter(({ consistency }) => consistency === mode).map(of),
    }))
  const categories = lags.map((lagMs) => `${lagMs} ms behind`)
  const plot = (name: string, title: string, unit: string, of: (f: ConsistencyFigures) => number): void =>
    writePlot(join(directory, name), { title, unit, categories, series: series(of) })
  plot('consistency-offload.svg', 'Reads off the primary', '%', ({ offload }) => 100 * offload)
  plot('consistency-p99.svg', '99 of 100 reads take at most', 'ms', ({ p99Ms }) => p99Ms)
  plot('consistency-stale.svg', 'Stale reads of a thousand', '‰', ({ count, staleReads }) =>
    count === 0 ? 0 : (1000 * staleReads) / count,
  )
}
