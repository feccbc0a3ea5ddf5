import { expect, test } from 'vitest'
import { queryTimeoutOf } from './query-timeout.ts'

test.each<readonly [value: unknown, timeoutMs: number]>([
  [500, 500],
  ['500', 500],
  [0, 0],
  [-1, 0],
  ['soon', 0],
  [Number.NaN, 0],
  [false, 0],
  [undefined, 0],
  [null, 0],
  [Symbol('a'), 0],
  [Object.create(null), 0],
  [5n, 0],
])('%o', (value, timeoutMs) => {
  expect(queryTimeoutOf(value)).toBe(timeoutMs)
})
