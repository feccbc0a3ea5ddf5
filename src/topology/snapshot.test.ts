import { expect, it } from 'vitest'
import { lagMs } from './snapshot.ts'

it.each([
  ['a replica that has everything is not behind', undefined, 5000, 0],
  ['one that misses something is behind since that was seen', 4200, 5000, 800],
  ['an answer that is newer than now is no negative lag', 5001, 5000, 0],
])('lagMs: %s', (_name, behindSinceMs, nowMs, expected) => {
  const lag = { bytes: 1, freshAsOfMs: 0, ...(behindSinceMs === undefined ? {} : { behindSinceMs }) }
  expect(lagMs(lag, nowMs)).toBe(expected)
})
