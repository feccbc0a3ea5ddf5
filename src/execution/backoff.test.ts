import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { beforeRound } from './backoff.ts'

let platform: FakePlatform

beforeEach(() => {
  platform = new FakePlatform()
})

/** Milliseconds until a round begins. */
async function delayOf(round: number, chance = 0): Promise<number> {
  platform.scriptRandom(chance)
  const startedAtMs = platform.now()
  let atMs: number | undefined
  beforeRound(round, platform, () => (atMs = platform.now()))
  if (round > 1) expect([atMs, platform.heldOpen]).toEqual([undefined, 1])
  await platform.advance(1000)
  expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
  return (atMs ?? NaN) - startedAtMs
}

it.each([
  [0, 0],
  [1, 0],
  [2, 20],
  [3, 40],
  [4, 80],
  [6, 320],
  [7, 500],
  [2000, 500],
])('round %s begins after %s ms', async (round, delayMs) => {
  expect(await delayOf(round)).toBe(delayMs)
})

it('the first round begins at once, without a turn of the loop', () => {
  let isCalled = false
  beforeRound(1, platform, () => (isCalled = true))
  expect(isCalled).toBe(true)
})

it('callers who failed together do not come back together', async () => {
  expect(await delayOf(3, 0.5)).toBe(30)
  expect(await delayOf(3, 0.999)).toBeGreaterThanOrEqual(20)
})
