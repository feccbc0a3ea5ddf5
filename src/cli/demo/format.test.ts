import { expect, it } from 'vitest'
import { formatClock, formatCount, formatDuration, formatLatency, formatShare, plural } from './format.ts'

it.each([
  [formatDuration(0), '0 ms'],
  [formatDuration(999.4), '999 ms'],
  [formatDuration(999.6), '1.0 s'],
  [formatDuration(1317), '1.3 s'],
  [formatLatency(0.741), '0.74 ms'],
  [formatLatency(12.34), '12.3 ms'],
  [formatLatency(1200), '1.2 s'],
  [formatCount(0), '0'],
  [formatCount(999.6), '1 000'],
  [formatCount(1234567), '1 234 567'],
  [formatShare(1), '100.0 %'],
  [formatShare(0.99999), '99.9 %'],
  [formatShare(0.58), '58.0 %'],
  [formatShare(0.9488, 0), '94 %'],
  [formatClock(67_900), '01:07'],
  [plural(1, 'error'), '1 error'],
  [plural(0, 'error'), '0 errors'],
])('%s', (formatted, expected) => {
  expect(formatted).toBe(expected)
})
