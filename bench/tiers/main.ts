import { parseArgs } from 'node:util'
import { createRandom } from '../../src/cli/demo/random.ts'
import type { PoolOptions } from '../../src/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import { writeResult } from '../support/environment.ts'
import { median } from '../support/interleave.ts'
import { openLoop, type OpenLoopFigures } from '../support/open-loop.ts'

/**
 * Measures the effect of a flood of one class of work on another, with tiers and without. Reads of `api` arrive at a
 * steady pace, while `batch` keeps as many reads in progress as it can. It also measures the cost of tiers. Rounds run
 * in turn, so that a noisy machine is noisy for all.
 */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '100' },
    flood: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'bench/results/tiers.json' },
  },
})
const seconds = Number(options.seconds)
const seed = Number(options.seed)
// Both sleep: the benchmark measures the distribution of connections, and not the processor.
const API = 'select pg_sleep(0.01)'
const BATCH = 'select pg_sleep(0.1)'
const TIERS = { api: { share: 0.8 }, batch: { share: 0.2, maxQueue: 1000, priority: 1 } }

await using cluster = await startCluster({ replicas: 2 })
await cluster.caughtUp()

interface Case {
  readonly name: string
  readonly pool: PoolOptions
  readonly flood: number
}
const CASES: readonly Case[] = [
  { name: 'without a flood', pool: { tiers: TIERS }, flood: 0 },
  { name: 'flood, tiers', pool: { tiers: TIERS }, flood: Number(options.flood) },
  { name: 'flood, no tiers', pool: {}, flood: Number(options.flood) },
]

async function measure({ pool: given, flood }: Case): Promise<OpenLoopFigures> {
  const pool = poolOver(cluster, { max: 10, ...given })
  await replicasReady(pool)
  const hasTiers = given.tiers !== undefined
  const of = (tier: string): { tier?: string } => (hasTiers ? { tier } : {})
  let isOver = false
  const batch = async (): Promise<void> => {
    while (!isOver) await pool.query({ text: BATCH, ...of('batch') })
  }
  const flooding = Array.from({ length: flood }, batch)
  const figures = await openLoop({
    random: createRandom(seed),
    perSecond: Number(options.rate),
    seconds,
    warmUpSeconds: 1,
    once: () => pool.query({ text: API, ...of('api') }),
  })
  isOver = true
  await Promise.all(flooding)
  await pool.end()
  return figures
}

const rounds: Record<string, OpenLoopFigures>[] = []
for (let round = 0; round < Number(options.rounds); round++) {
  const figures: Record<string, OpenLoopFigures> = {}
  for (const each of round % 2 === 0 ? CASES : CASES.toReversed()) figures[each.name] = await measure(each)
  rounds.push(figures)
}
const ratioOf = (name: string, base: string): number =>
  Number(
    median(rounds.map((figures) => (figures[name]?.p99Ms ?? NaN) / (figures[base]?.p99Ms ?? NaN))).toFixed(3),
  )
const p99WithTiers = ratioOf('flood, tiers', 'without a flood')
const p99WithoutTiers = ratioOf('flood, no tiers', 'without a flood')
for (const { name } of CASES) {
  const of = (key: 'p50Ms' | 'p99Ms'): number => median(rounds.map((figures) => figures[name]?.[key] ?? NaN))
  console.log(`${name}: p50/p99 of api ${of('p50Ms')}/${of('p99Ms')} ms`)
}
console.log(`p99 of api beside a flood: ${p99WithTiers} times with tiers, ${p99WithoutTiers} times without`)
writeResult(options.out, { bench: 'tiers', seed, seconds, p99WithTiers, p99WithoutTiers, rounds })
