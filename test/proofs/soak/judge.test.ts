import { expect, test } from 'vitest'
import { faultsFound, growthFound, type Found } from './judge.ts'
import type { Sample } from './sample.ts'

const FINE: Sample = {
  atHours: 0,
  heapMiB: 30,
  externalMiB: 200,
  rssMiB: 160,
  connections: [6, 5, 5],
  inTransaction: 0,
  locks: 0,
  waiting: 0,
  timers: 12,
  sockets: 16,
  listeners: 4,
}
const samplesOf = (change: (index: number) => Partial<Sample>): readonly Sample[] =>
  Array.from({ length: 60 }, (_, index) => ({ ...FINE, atHours: index / 60, ...change(index) }))
const FOUND: Found = {
  samples: samplesOf(() => ({})),
  unexpected: 0,
  uncaught: 0,
  hanging: 0,
  leftConnections: [0, 0, 0],
  leftResources: [],
}

test('nothing is found when all is well', () => {
  expect([...faultsFound(FOUND, 12), ...growthFound(FOUND.samples)]).toEqual([])
})

test.each<readonly [string, Partial<Found>]>([
  ['2 errors of callers that no fault explains', { unexpected: 2 }],
  ['1 uncaught errors', { uncaught: 1 }],
  [
    'more than 12 connections',
    { samples: samplesOf((index) => (index === 40 ? { connections: [13] } : {})) },
  ],
  ['a lock was left', { samples: samplesOf((index) => (index === 3 ? { locks: 1 } : {})) }],
  ['connections are left: 0, 1', { leftConnections: [0, 1] }],
])('found: %s', (text, change) => {
  expect(faultsFound({ ...FOUND, ...change }, 12)).toEqual([text])
})

test('memory that grows by 6 MiB an hour is found, and a warm-up is not', () => {
  const noise = (index: number): number => (index * 7) % 5
  expect(
    growthFound(samplesOf((index) => ({ heapMiB: 25 + Math.min(index, 20) + noise(index) / 10 }))),
  ).toEqual([])
  expect(growthFound(samplesOf((index) => ({ heapMiB: 30 + index / 10 + noise(index) / 10 })))).toEqual([
    expect.stringMatching(/^heapMiB grew by [23]\.\d+, more than 2$/),
  ])
})
