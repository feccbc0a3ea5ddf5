import { expect, test } from 'vitest'
import { hash } from '../../simulation/random.ts'
import { FAULTS } from './faults.ts'
import { runRound } from './run.ts'

// `npm run proof:chaos` does the same for longer. A seed of the environment repeats a run.

const seed = process.env['CHAOS_SEED'] ?? String(hash(String(process.pid + performance.timeOrigin)))
const WORLDS = [
  { world: 'direct', seconds: 40 },
  { world: 'bouncers', seconds: 15 },
] as const

test.for(WORLDS)(
  'faults of real servers break no promise: $world',
  { timeout: 240_000 },
  async ({ seconds, world }, { skip }) => {
    const round = await runRound({ world, seed, callers: 8, seconds })
    if (typeof round === 'string') return skip(round)
    const { acknowledged, checkedReads, faults, story, violations } = round
    const [first] = violations
    if (first !== undefined) console.error([`seed ${seed}`, ...story.before(first.atMs + 100, 60)].join('\n'))
    expect(violations).toEqual([])
    expect(acknowledged).toBeGreaterThan(50)
    expect(checkedReads).toBeGreaterThan(200)
    expect(Object.keys(faults).length).toBeGreaterThan(2)
  },
)

test('every fault has a name of its own', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length)
})
