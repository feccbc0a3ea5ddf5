import { RealCluster } from './real.ts'
import { DEFAULT_SCENARIO, type Environment, type Figures, type Scenario } from './scenario.ts'
import type { Simulated } from './threads.ts'

const BASE: Scenario = {
  ...DEFAULT_SCENARIO,
  replicas: 3,
  callers: 12,
  readMs: 100,
  writeMs: 20,
  cores: 0,
  seconds: 6,
  warmUpSeconds: 2,
}

/** Scenarios for real servers and for simulated ones. Work is sleep, so that two cores are enough for all servers. */
const CASES: Readonly<Record<string, Partial<Scenario>>> = {
  'connections to spare': {},
  'more callers than connections': { callers: 30, max: 4, spillShare: 0 },
  'more callers than connections, the primary helps': { callers: 30, max: 4 },
  'one core each': { callers: 12, cores: 1, spillShare: 0 },
  'one core each, arrivals at 60 %': {
    readsPerSecond: 18,
    times: 'constant',
    cores: 1,
    spillShare: 0,
    seconds: 20,
  },
  'one replica 100 ms farther': { unequal: 1, fartherMs: 100 },
  'one replica 100 ms farther, round robin': { unequal: 1, fartherMs: 100, policy: 'round-robin' },
  'one replica 100 ms farther, least in flight': { unequal: 1, fartherMs: 100, policy: 'least-in-flight' },
  '20 writes a second': { writesPerSecond: 20 },
  '20 writes a second, 50 ms behind': { writesPerSecond: 20, lagMs: 50, rows: 100 },
  '20 writes a second, 300 ms behind': { writesPerSecond: 20, lagMs: 300, rows: 100 },
}

export interface Compared {
  readonly name: string
  readonly scenario: Scenario
  /** The median of all rounds, figure by figure. */
  readonly real: Figures
  readonly simulated: Figures
  readonly deviation: Deviation
}

/** The model against the real cluster. */
export interface Deviation {
  /** Relative, in per cent. */
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of one server's share of the reads, the largest, in percentage points. */
  readonly share: number
  readonly offload: number
}

export interface CompareOptions {
  readonly rounds: number
  readonly only: string | undefined
  /** Factor of all times: the larger, the less other work of the machine disturbs. */
  readonly scale: number
  readonly simulate: (
    scenarios: readonly Scenario[],
    environment: Environment,
  ) => Promise<readonly Simulated[]>
  readonly told: (line: string) => void
}

/** Runs the same scenarios on a real cluster and in the model, whose environment is measured before. */
export async function compare({ only, rounds, scale, simulate, told }: CompareOptions): Promise<{
  readonly environment: Environment
  readonly compared: readonly Compared[]
}> {
  const cases = Object.entries(CASES)
    .filter(([name]) => only === undefined || name.includes(only))
    .map(([name, given]) => ({ name, scenario: scaled({ ...BASE, ...given }, scale) }))
  await using cluster = await RealCluster.start(BASE.replicas, BASE.rows)
  const { oversleptMs, ...measured } = await cluster.calibrate(BASE.readMs, BASE.writeMs)
  const { processMs } = await cluster.run(BASE)
  const environment = { ...measured, processMs }
  told(`measured, in ms: ${JSON.stringify({ oversleptMs, ...environment }, rounded)}`)
  // The same seeds: callers send the same statements in both worlds, so chance makes no difference between them.
  const seeds = Array.from({ length: rounds }, (_, round) => BASE.seed + round)
  const slept = cases.flatMap(({ scenario }) =>
    seeds.map((seed) => ({
      ...scenario,
      seed,
      readMs: scenario.readMs + oversleptMs,
      writeMs: scenario.writeMs + oversleptMs,
    })),
  )
  const simulated = (await simulate(slept, environment)).map(({ figures }) => figures)
  const compared: Compared[] = []
  for (const [index, { name, scenario }] of cases.entries()) {
    const figures: Figures[] = []
    for (const seed of seeds) figures.push((await cluster.run({ ...scenario, seed })).figures)
    const real = medianOf(figures)
    const model = medianOf(simulated.slice(index * rounds, (index + 1) * rounds))
    const each = { name, scenario, real, simulated: model, deviation: deviationOf(model, real) }
    compared.push(each)
    for (const line of tableOf(each)) told(line)
  }
  return { environment, compared }
}

/** The same scenario in slow motion. */
function scaled(scenario: Scenario, times: number): Scenario {
  return {
    ...scenario,
    readsPerSecond: scenario.readsPerSecond / times,
    writesPerSecond: scenario.writesPerSecond / times,
    readMs: scenario.readMs * times,
    writeMs: scenario.writeMs * times,
    lagMs: scenario.lagMs * times,
    fartherMs: scenario.fartherMs * times,
    seconds: scenario.seconds * times,
    warmUpSeconds: scenario.warmUpSeconds * times,
  }
}

function deviationOf(model: Figures, real: Figures): Deviation {
  const relative = (key: 'perSecond' | 'p50Ms' | 'p99Ms'): number => 100 * (model[key] / real[key] - 1)
  const share = Math.max(...model.shares.map((each, index) => Math.abs(each - (real.shares[index] ?? 0))))
  const deviation = {
    perSecond: relative('perSecond'),
    p50Ms: relative('p50Ms'),
    p99Ms: relative('p99Ms'),
    share: 100 * share,
    offload: 100 * (model.offload - real.offload),
  }
  return Object.fromEntries(
    Object.entries(deviation).map(([key, value]) => [key, Number(value.toFixed(1))]),
  ) as unknown as Deviation
}

function medianOf(rounds: readonly Figures[]): Figures {
  const median = (of: (figures: Figures) => number): number =>
    rounds.map(of).toSorted((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN
  const [first] = rounds
  if (first === undefined) throw new Error('No round')
  return {
    perSecond: median((each) => each.perSecond),
    meanMs: median((each) => each.meanMs),
    p50Ms: median((each) => each.p50Ms),
    p99Ms: median((each) => each.p99Ms),
    writesPerSecond: median((each) => each.writesPerSecond),
    writeP50Ms: median((each) => each.writeP50Ms),
    shares: first.shares.map((_, index) => median((each) => each.shares[index] ?? 0)),
    offload: median((each) => each.offload),
    errors: rounds.reduce((sum, each) => sum + each.errors, 0),
  }
}

function tableOf({ deviation, name, real, simulated }: Compared): readonly string[] {
  const line = (label: string, { offload, p50Ms, p99Ms, perSecond, shares }: Figures): string =>
    `  ${label.padEnd(9)} ${perSecond} reads/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms, ` +
    `shares ${shares.join(' ')}, ${(100 * offload).toFixed(1)} % off the primary`
  return [
    name,
    line('real', real),
    line('simulated', simulated),
    `  deviation ${deviation.perSecond} %, p50 ${deviation.p50Ms} %, p99 ${deviation.p99Ms} %, ` +
      `shares up to ${deviation.share} points, offload ${deviation.offload} points`,
  ]
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value
}
