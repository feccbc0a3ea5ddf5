import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Consistency } from '../../src/index.ts'
import { writeResult } from '../support/environment.ts'
import { writePlot } from '../support/plot.ts'
import { compare } from './compare.ts'
import { POLICY_NAMES, type PolicyName } from './policies.ts'
import { bounds, DEFAULT_ENVIRONMENT, DEFAULT_SCENARIO, type Environment, type Scenario } from './scenario.ts'
import { SWEEPS, type Sweep } from './sweeps.ts'
import { simulateAll, type Simulated } from './threads.ts'

/**
 * Answers questions about capacity: the real router on a virtual clock, over simulated servers. Without options it runs
 * the sweeps of the documents; with lists (`--replicas 1,10 --callers 100,1000`), each combination of them. `--compare`
 * runs the same scenarios on a real cluster as well.
 */
/** A number, or a list of them. */
const numbers = { type: 'string' } as const
const { values: options } = parseArgs({
  options: {
    policies: { type: 'string' },
    consistency: { type: 'string' },
    replicas: numbers,
    callers: numbers,
    lag: numbers,
    writes: numbers,
    reads: numbers,
    scope: { type: 'string' },
    rows: numbers,
    'read-ms': numbers,
    'write-ms': numbers,
    cores: numbers,
    max: numbers,
    spill: numbers,
    unequal: numbers,
    slower: numbers,
    'farther-ms': numbers,
    seconds: numbers,
    'process-ms': numbers,
    'network-ms': numbers,
    'commit-ms': numbers,
    'replay-ms': numbers,
    constant: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
    operations: { type: 'string', default: '10000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '1' },
    library: { type: 'string', default: join(import.meta.dirname, '../../../dist') },
    out: { type: 'string', default: 'bench/results/simulate.json' },
  },
})

const environment: Environment = {
  networkMs: Number(options['network-ms'] ?? DEFAULT_ENVIRONMENT.networkMs),
  commitMs: Number(options['commit-ms'] ?? DEFAULT_ENVIRONMENT.commitMs),
  replayMs: Number(options['replay-ms'] ?? DEFAULT_ENVIRONMENT.replayMs),
  processMs: Number(options['process-ms'] ?? DEFAULT_ENVIRONMENT.processMs),
}
const runtime = { directory: options.library, threads: Number(options.threads) }
const print = (line: string): void => void process.stdout.write(`${line}\n`)

const LISTS = {
  replicas: options.replicas,
  callers: options.callers,
  lagMs: options.lag,
  writesPerSecond: options.writes,
  readsPerSecond: options.reads,
  rows: options.rows,
  readMs: options['read-ms'],
  writeMs: options['write-ms'],
  cores: options.cores,
  max: options.max,
  spillShare: options.spill,
  unequal: options.unequal,
  slower: options.slower,
  fartherMs: options['farther-ms'],
} satisfies Partial<Record<keyof Scenario, string | undefined>>

const isGrid = [options.policies, options.consistency, options.scope, ...Object.values(LISTS)].some(Boolean)
if (options.compare) await runComparison()
else if (isGrid) await runGrid()
else await runSweeps()

/** Every combination of the lists that are given. */
function gridOf(): readonly Scenario[] {
  let scenarios: readonly Scenario[] = [
    {
      ...DEFAULT_SCENARIO,
      seed: Number(options.seed),
      times: options.constant ? 'constant' : 'exponential',
    },
  ]
  const vary = <Key extends keyof Scenario>(key: Key, values: readonly Scenario[Key][]): void => {
    if (values.length > 0)
      scenarios = scenarios.flatMap((each) => values.map((value) => ({ ...each, [key]: value })))
  }
  const policies = options.policies === 'all' ? POLICY_NAMES : (options.policies?.split(',') ?? [])
  vary('policy', policies as readonly PolicyName[])
  vary('consistency', (options.consistency?.split(',') ?? []) as readonly Consistency[])
  vary('scope', (options.scope?.split(',') ?? []) as readonly Scenario['scope'][])
  for (const [key, list] of Object.entries(LISTS)) {
    vary(key as keyof typeof LISTS, list?.split(',').map(Number) ?? [])
  }
  return scenarios
}

/** Makes a scenario as long as it needs for so many operations, once its queues have formed. */
function lasting(scenario: Scenario): Scenario {
  const limit = Math.min(...Object.values(bounds(scenario, environment)))
  const reads = scenario.readsPerSecond > 0 ? scenario.readsPerSecond : limit
  const seconds = Number(options.seconds ?? Math.max(1, Number(options.operations) / reads))
  const queuedMs = scenario.readsPerSecond > 0 ? 0 : (2 * scenario.callers * 1000) / limit
  return { ...scenario, seconds, warmUpSeconds: 1 + queuedMs / 1000 }
}

function lineOf({ figures, scenario, tookMs }: Simulated): string {
  const { callers, lagMs, policy, readsPerSecond, replicas, scope, writesPerSecond } = scenario
  const load = readsPerSecond > 0 ? `${readsPerSecond} reads/s` : `${callers} callers`
  return (
    `${policy}, ${replicas} replicas, ${load} of a ${scope}, ` +
    `${writesPerSecond} writes/s, ${lagMs} ms behind: ` +
    `${figures.perSecond} reads/s, p50/p99 ${figures.p50Ms}/${figures.p99Ms} ms, ` +
    `${(100 * figures.offload).toFixed(1)} % off the primary, ${figures.errors} errors (${(tookMs / 1000).toFixed(1)} s)`
  )
}

async function runGrid(): Promise<void> {
  const results = await simulateAll(gridOf().map(lasting), environment, runtime, (done) =>
    print(lineOf(done)),
  )
  writeResult(options.out, { bench: 'simulate', environment, results })
}

async function runSweeps(): Promise<void> {
  const beganMs = performance.now()
  const sweeps = SWEEPS.filter(({ name }) => options.only === undefined || options.only.includes(name))
  const cells = sweeps.flatMap((sweep) => sweep.cells)
  const scenarios = cells.map(({ scenario }) => lasting({ ...scenario, seed: Number(options.seed) }))
  const results = await simulateAll(scenarios, environment, runtime, (done) => print(lineOf(done)))
  let from = 0
  for (const sweep of sweeps) {
    plot(sweep, results.slice(from, from + sweep.cells.length))
    from += sweep.cells.length
  }
  const seconds = Math.round((performance.now() - beganMs) / 1000)
  print(`${results.length} scenarios in ${seconds} s`)
  writeResult(options.out, {
    bench: 'simulate',
    environment,
    sweeps: sweeps.map(({ name }) => name),
    results,
  })
}

function plot({ cells, name, scale, title, unit, value }: Sweep, results: readonly Simulated[]): void {
  const categories = [...new Set(cells.map(({ category }) => category))]
  const curves = [...new Set(cells.map(({ curve }) => curve))]
  const valueOf = (curve: string, category: string): number | undefined => {
    const index = cells.findIndex((cell) => cell.curve === curve && cell.category === category)
    const figures = results[index]?.figures
    if (figures === undefined) return undefined
    return value === 'onPrimary' ? Number((100 * (1 - figures.offload)).toFixed(2)) : figures[value]
  }
  writePlot(join(dirname(options.out), `simulate-${name}.svg`), {
    title,
    unit,
    ...(scale === undefined ? {} : { scale }),
    type: name === 'policies' ? 'bar' : 'line',
    categories,
    series: curves.map((curve) => ({
      name: curve,
      values: categories.map((category) => valueOf(curve, category)),
    })),
  })
}

async function runComparison(): Promise<void> {
  const out = options.out.replace(/(?:-compare)?\.json$/, '-compare.json')
  const { compared, environment: measured } = await compare({
    rounds: Number(options.rounds),
    only: options.only,
    scale: Number(options.scale),
    told: print,
    simulate: (scenarios, given) => simulateAll(scenarios, given, runtime),
  })
  writeResult(out, { bench: 'simulate-compare', environment: measured, compared })
  for (const key of ['perSecond', 'p50Ms', 'p99Ms'] as const) {
    const within = compared.filter(({ deviation }) => Math.abs(deviation[key]) <= 10).length
    print(`${key}: ${within} of ${compared.length} within 10 %`)
  }
}
