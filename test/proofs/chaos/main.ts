import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { FAULTS } from './faults.ts'
import { runRound, type Round } from './run.ts'
import { WORLDS, type WorldName } from './world.ts'

/**
 * Callers that read and write while faults hit real servers: behind TLS and names, behind PgBouncer, and under Patroni.
 * Fails when a promise is broken, and then prints the seed, the faults and the story.
 */
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    faults: { type: 'string' },
    worlds: { type: 'string', default: WORLDS.join(',') },
    callers: { type: 'string', default: '12' },
    story: { type: 'boolean', default: false },
  },
})

/** Share of the time of each world. */
const SHARES: Readonly<Record<WorldName, number>> = { direct: 0.5, bouncers: 0.25, patroni: 0.25 }
/** A world is opened again after a while: histories are kept in memory. */
const LONGEST_ROUND_SECONDS = 600
const STORY_LINES = 40
/** Kinds of broken promises that are told. */
const MOST_TOLD = 8

const only = options.faults?.split(',')
const unknown = only?.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? []
const names = FAULTS.map(({ name }) => name)
if (unknown.length > 0)
  throw new RangeError(`There is no ${unknown.join(', ')}; there are ${names.join(', ')}`)

const worlds = WORLDS.filter((name) => options.worlds.split(',').includes(name)).filter(
  (world) => only === undefined || FAULTS.some((f) => only.includes(f.name) && f.worlds.includes(world)),
)
const shares = worlds.reduce((sum, name) => sum + SHARES[name], 0)
const totals = {
  faults: 0,
  acknowledged: 0,
  unknown: 0,
  lostByServers: 0,
  reads: 0,
  violations: 0,
  seconds: 0,
}
const faults = new Map<string, number>()

console.log(`seed ${options.seed}`)
let left = new Map(worlds.map((name) => [name, (Number(options.minutes) * 60 * SHARES[name]) / shares]))
for (let round = 1; left.size > 0; round++) {
  for (const [world, seconds] of left) {
    const length = Math.min(seconds, LONGEST_ROUND_SECONDS)
    const seed = `${options.seed}/${round}`
    const told = await runRound({ world, seed, only, seconds: length, callers: Number(options.callers) })
    if (typeof told === 'string') console.log(`${world}: skipped, ${told}`)
    else report(world, length, told)
    left = new Map(left).set(world, typeof told === 'string' ? 0 : seconds - length)
  }
  left = new Map([...left].filter(([, seconds]) => seconds > 1))
}
console.log({ seed: options.seed, ...totals, kinds: faults.size })
console.log(Object.fromEntries(faults))
if (totals.violations > 0 || totals.seconds === 0) process.exitCode = 1

function report(world: WorldName, seconds: number, round: Round): void {
  const { acknowledged, checkedReads, lostByServers, story, violations } = round
  totals.acknowledged += acknowledged
  totals.lostByServers += lostByServers
  totals.reads += checkedReads
  totals.unknown += round.unknown
  totals.seconds += Math.round(seconds)
  totals.violations += violations.length
  for (const [name, count] of Object.entries(round.faults)) {
    totals.faults += count
    faults.set(name, (faults.get(name) ?? 0) + count)
  }
  console.log(world, {
    seconds: Math.round(seconds),
    faults: Object.values(round.faults).reduce((sum, count) => sum + count, 0),
    acknowledged,
    unknown: round.unknown,
    unknownCommitted: round.unknownCommitted,
    lostByServers,
    checkedReads,
    violations: violations.length,
  })
  console.log(JSON.stringify(round.calls))
  if (options.story) console.log(story.before(Infinity, Infinity).join('\n'))
  const told = new Set<string>()
  for (const { atMs, property, told: how } of violations) {
    if (told.size > MOST_TOLD || told.has(property)) continue
    told.add(property)
    console.log(`seed ${options.seed}, ${story.time(atMs)}: ${property}: ${how}`)
    console.log(['Before it:', ...story.before(atMs + 100, STORY_LINES)].join('\n  '))
  }
  if (violations.length > 0) console.log('Faults so far:', JSON.stringify(round.faults))
}
