import { afterAll, beforeAll, expect, test } from 'vitest'
import { readOutcomes } from '../corpus/outcomes.ts'
import { replayFootprints } from './footprints-run.ts'
import { ProvingGround } from './proving-ground.ts'

// Foreign keys, partitions, sequences, triggers and rules. `npm run proof:footprints` takes all.
const files = ['copydml.sql', 'truncate.sql']

let ground: ProvingGround
beforeAll(async () => {
  ground = await ProvingGround.open()
})
afterAll(() => ground?.close())

test('every relation that a write of the regression suite changes is in its footprint', async ({
  annotate,
}) => {
  const outcomes = readOutcomes().filter(({ file }) => files.includes(file))
  const { bounded, changed, misses, writes } = await replayFootprints(ground, outcomes)
  await annotate(`${bounded} of ${writes} writes are bounded, and changed ${changed} relations`)
  expect(misses).toEqual([])
  expect(bounded).toBeGreaterThan(40)
  expect(changed).toBeGreaterThan(40)
}, 90_000)
