import { afterAll, beforeAll, expect, test } from 'vitest'
import { runDifferential } from './differential-run.ts'
import { ProvingGround } from './proving-ground.ts'

let ground: ProvingGround
beforeAll(async () => {
  ground = await ProvingGround.open()
})
afterAll(() => ground?.close())

test('no made-up statement that is judged a read is refused by a standby', async ({ annotate }) => {
  const { judged, reads, answers } = await runDifferential(ground, { statements: 400, seed: 20_430 })
  await annotate(`${reads} reads of ${judged} statements: ${JSON.stringify(answers)}`)
  expect(reads).toBeGreaterThan(100)
  expect((answers['ok'] ?? 0) / reads).toBeGreaterThan(0.8)
})
