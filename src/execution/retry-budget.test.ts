import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { RetryBudget } from './retry-budget.ts'

let platform: FakePlatform
let budget: RetryBudget

beforeEach(() => {
  platform = new FakePlatform()
  budget = new RetryBudget(platform)
})

/** Spends all there is, and says how much that was. */
function spendAll(): number {
  let count = 0
  while (budget.spend()) count += 1
  return count
}

function earn(count: number): void {
  for (let i = 0; i < count; i++) budget.earn()
}

it('begins with a thousand retries: as many reads may be in flight when a server dies', () => {
  expect(spendAll()).toBe(1000)
  expect(budget.spend()).toBe(false)
})

it('five statements earn a retry', () => {
  spendAll()
  earn(4)
  expect(spendAll()).toBe(0)
  earn(97)
  expect(spendAll()).toBe(20)
})

it('a second earns ten', async () => {
  spendAll()
  await platform.advance(99)
  expect(spendAll()).toBe(0)
  await platform.advance(1000)
  expect(spendAll()).toBe(10)
})

it.each<[string, () => unknown]>([
  ['time', () => platform.advance(1_000_000)],
  ['traffic', () => earn(100_000)],
])('no more than a thousand are saved up by %s', async (_name, pass) => {
  await pass()
  expect(spendAll()).toBe(1000)
  await pass()
  expect(spendAll()).toBe(1000)
})

it('in an outage, retries are a fifth of the traffic and ten a second', async () => {
  spendAll()
  let retries = 0
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 100; i++) {
      budget.earn()
      if (budget.spend()) retries += 1
    }
    await platform.advance(1000)
  }
  expect(retries).toBeGreaterThanOrEqual(60 * (100 / 5 + 10) - 30)
  expect(retries).toBeLessThanOrEqual(60 * (100 / 5 + 10))
})
