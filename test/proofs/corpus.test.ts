import { afterAll, beforeAll, expect, test } from 'vitest'
import { readOutcomes } from '../corpus/outcomes.ts'
import { figuresOf, wantedShare } from './corpus-figures.ts'
import { ProvingGround } from './proving-ground.ts'
import { replay } from './replay.ts'

// Views and their rules, functions, sequences, policies: what only the catalog can know. `npm run proof:corpus` takes all.
const files = ['test_setup', 'create_function_sql', 'copydml', 'identity', 'matview'].map(
  (name) => `${name}.sql`,
)

let ground: ProvingGround
beforeAll(async () => {
  ground = await ProvingGround.open()
})
afterAll(() => ground?.close())

test('with the catalog of the moment nothing that a standby refuses is judged a read, and most SELECTs are', async ({
  annotate,
}) => {
  const outcomes = readOutcomes().filter(({ file }) => files.includes(file))
  const figures = figuresOf(await replay(ground, outcomes))
  const { refused, misjudged, selects, selectsRead } = figures.score
  await annotate(`${refused} refused; ${selectsRead} of ${selects} SELECTs are reads`)
  expect(refused).toBeGreaterThan(200)
  expect(misjudged).toEqual([])
  expect(figures.refusedNow).toEqual([])
  expect(selects).toBeGreaterThan(50)
  expect(selectsRead / selects).toBeGreaterThanOrEqual(wantedShare)
  expect(figures.diverged.length).toBeLessThan(refused / 50)
}, 90_000)
