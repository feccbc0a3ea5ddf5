import { describe, expect, it } from 'vitest'
import { isTooFarBehind } from './max-lag.ts'
import type { Lag } from './snapshot.ts'

const MAX = { ms: 1000, bytes: 100 }
const NOW_MS = 50_000

function lag(behindMs: number | undefined, bytes: number): Lag {
  const known = { bytes, freshAsOfMs: 0 }
  return behindMs === undefined ? known : { ...known, behindSinceMs: NOW_MS - behindMs }
}

describe('isTooFarBehind', () => {
  it.each<[string, boolean, Lag | undefined, boolean]>([
    ['caught up', false, lag(undefined, 0), false],
    ['at both bounds', false, lag(1000, 100), false],
    ['beyond the time', false, lag(1001, 1), true],
    ['beyond the bytes', false, lag(1, 101), true],
    ['back within the bounds is not enough', true, lag(600, 60), true],
    ['half of the bytes is not enough while the time is not', true, lag(501, 50), true],
    ['half of the time is not enough while the bytes are not', true, lag(500, 51), true],
    ['half of both', true, lag(500, 50), false],
    ['unknown changes nothing', true, undefined, true],
    ['unknown changes nothing for one that was not', false, undefined, false],
  ])('%s', (_name, was, given, expected) => {
    expect(isTooFarBehind(was, given, NOW_MS, MAX)).toBe(expected)
  })
})
