import { expect, test } from 'vitest'
import { growthPerHour, laterGrowth, type Point } from './trend.ts'

const pointsOf = (values: readonly number[]): readonly Point[] =>
  values.map((value, index) => ({ atHours: index / 10, value }))

test('a line has its slope, in spite of outliers', () => {
  const line = Array.from({ length: 40 }, (_, index) => 100 + index / 2)
  expect(growthPerHour(pointsOf(line))).toBeCloseTo(5)
  expect(growthPerHour(pointsOf(line.map((value, index) => (index % 5 === 0 ? 900 : value))))).toBeCloseTo(
    5,
    0,
  )
  expect(growthPerHour(pointsOf([1]))).toBe(0)
})

test('what grew in the first half does not count', () => {
  const warm = Array.from({ length: 40 }, (_, index) => Math.min(index, 19) * 10)
  expect(laterGrowth(pointsOf(warm))).toBe(0)
  const endless = Array.from({ length: 40 }, (_, index) => 190 + (index - 20) * 0.5 + (index % 3))
  expect(laterGrowth(pointsOf([...warm.slice(0, 20), ...endless.slice(20)]))).toBeCloseTo(9.5, 0)
  expect(laterGrowth([])).toBe(0)
})
