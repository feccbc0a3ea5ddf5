import { expect, it } from 'vitest'
import { LatencyRecorder } from '../../bench/support/latencies.ts'
import { openLoop } from '../../bench/support/open-loop.ts'
import { createRandom } from '../../src/cli/demo/random.ts'

it('latencies are those that were recorded, to three digits', () => {
  const recorder = new LatencyRecorder()
  for (let ms = 1; ms <= 1000; ms++) recorder.record(ms)
  const { count, p50Ms, p99Ms, p999Ms, maxMs } = recorder.latencies()
  expect(count).toBe(1000)
  for (const [seen, expected] of [
    [p50Ms, 500],
    [p99Ms, 990],
    [p999Ms, 999],
    [maxMs, 1000],
  ] as const) {
    expect(seen / expected).toBeCloseTo(1, 2)
  }
})

it('an arrival while everything stands still waits from its planned time', async () => {
  let isFirst = true
  const stall = (ms: number): void => {
    const untilMs = performance.now() + ms
    while (performance.now() < untilMs) continue
  }
  const figures = await openLoop({
    random: createRandom(1),
    perSecond: 200,
    seconds: 0.5,
    once: async () => {
      if (isFirst) stall(300)
      isFirst = false
    },
  })
  // About 60 of 100 were to arrive during the stall; measured from when they were begun, one would have been slow.
  expect(figures.p50Ms).toBeGreaterThan(20)
  expect(figures.count).toBeGreaterThan(50)
})

it('counts errors, and what came before the measurement not at all', async () => {
  let calls = 0
  const figures = await openLoop({
    random: createRandom(2),
    perSecond: 200,
    seconds: 0.2,
    warmUpSeconds: 0.2,
    once: () => (calls++ % 2 === 0 ? Promise.reject(new Error('no')) : Promise.resolve()),
  })
  expect(figures.errors).toBeGreaterThan(0)
  expect(figures.errors).toBeLessThan(figures.count)
  expect(figures.count).toBeLessThan(calls)
})
