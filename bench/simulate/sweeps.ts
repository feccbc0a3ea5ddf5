import { POLICY_NAMES } from './policies.ts'
import { bounds, DEFAULT_ENVIRONMENT, DEFAULT_SCENARIO, type Scenario } from './scenario.ts'

/** A question, with the scenarios that answer it. Each has a label along the bottom of the plot, and one of its curve. */
export interface Sweep {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly scale?: 'log'
  readonly cells: readonly Cell[]
  readonly value: 'perSecond' | 'p99Ms' | 'onPrimary'
}

export interface Cell {
  readonly category: string
  readonly curve: string
  readonly scenario: Scenario
}

const at = (given: Partial<Scenario>): Scenario => ({ ...DEFAULT_SCENARIO, ...given })

const across = <A, B>(as: readonly A[], bs: readonly B[], cell: (a: A, b: B) => Cell): readonly Cell[] =>
  as.flatMap((a) => bs.map((b) => cell(a, b)))

const SITUATIONS: Readonly<Record<string, Partial<Scenario>>> = {
  'all equal': {},
  'one of four 3 times as slow': { unequal: 1, slower: 3 },
  'two of four 3 times as slow': { unequal: 2, slower: 3 },
  'one of four 5 ms farther': { unequal: 1, fartherMs: 5 },
}

export const SWEEPS: readonly Sweep[] = [
  {
    name: 'replicas',
    title: 'Reads per second of one process, by replicas',
    unit: 'reads/s',
    scale: 'log',
    value: 'perSecond',
    cells: across([10, 100, 1000, 10_000], [1, 2, 5, 10, 20, 50, 100], (callers, replicas) => ({
      category: `${replicas}`,
      curve: `${callers} callers`,
      scenario: at({ callers, replicas }),
    })),
  },
  {
    name: 'writes',
    title: 'Reads per second of a whole table that is written, 200 callers, by replicas',
    unit: 'reads/s',
    value: 'perSecond',
    cells: across([0, 1, 5, 20, 100], [1, 2, 4, 8, 16], (writesPerSecond, replicas) => ({
      category: `${replicas}`,
      curve: `${writesPerSecond} writes/s`,
      scenario: at({ callers: 200, scope: 'table', replicas, writesPerSecond }),
    })),
  },
  {
    name: 'policies',
    title: '99 of 100 reads take at most, at 60 % of the capacity',
    unit: 'ms',
    scale: 'log',
    value: 'p99Ms',
    cells: across(POLICY_NAMES, Object.entries(SITUATIONS), (policy, [category, given]) => {
      const scenario = at({ replicas: 4, policy, ...given })
      const { replicas = 0 } = bounds(scenario, DEFAULT_ENVIRONMENT)
      return {
        category,
        curve: policy,
        scenario: { ...scenario, readsPerSecond: Math.round(0.6 * replicas) },
      }
    }),
  },
  {
    name: 'lag',
    title: 'Reads on the primary, 20 callers, by replay lag',
    unit: '%',
    value: 'onPrimary',
    cells: across(
      [
        ['table', 1],
        ['table', 5],
        ['table', 20],
        ['row', 100],
        ['row', 400],
      ] as const,
      [0, 5, 20, 100, 500],
      ([scope, writesPerSecond], lagMs) => ({
        category: `${lagMs} ms`,
        curve: `${writesPerSecond} writes/s, reads of ${scope === 'row' ? 'a row' : 'the table'}`,
        scenario: at({ callers: 20, scope, lagMs, writesPerSecond }),
      }),
    ),
  },
]
