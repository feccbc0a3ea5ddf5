import { expect, it } from 'vitest'
import { Durations, Latest } from './latest.ts'

it.each([
  [0, []],
  [2, [0, 1]],
  [3, [0, 1, 2]],
  [4, [1, 2, 3]],
  [7, [4, 5, 6]],
])('of %d entries the latest three are kept, in order', (count, expected) => {
  const latest = new Latest<number>(3)
  for (let entry = 0; entry < count; entry++) latest.add(entry)
  expect(latest.all()).toEqual(expected)
  expect(latest.newestFirst()).toEqual(expected.toReversed())
})

it('percentiles are those of the latest durations, and the count is of all', () => {
  const durations = new Durations()
  expect(durations.report()).toEqual({ count: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 })
  for (let ms = 1; ms <= 100; ms++) durations.add(ms)
  expect(durations.report()).toEqual({ count: 100, p50Ms: 50, p95Ms: 95, p99Ms: 99 })
  for (let each = 0; each < 2_000; each++) durations.add(7)
  expect(durations.report()).toEqual({ count: 2_100, p50Ms: 7, p95Ms: 7, p99Ms: 7 })
})
