import { expect, test } from 'vitest'
import { Histogram } from './histogram.ts'

test('counts durations up to each bound, and estimates percentiles within a bucket', () => {
  const histogram = new Histogram()
  for (let ms = 1; ms <= 100; ms += 1) histogram.add(ms)
  const { buckets, count, p50Ms, p95Ms, p99Ms, sumMs } = histogram.report()
  expect({ count, sumMs }).toEqual({ count: 100, sumMs: 5050 })
  expect(buckets.find(({ leMs }) => leMs === 25)).toEqual({ leMs: 25, count: 25 })
  expect(buckets.at(-1)).toEqual({ leMs: Infinity, count: 100 })
  expect(p50Ms).toBeCloseTo(50)
  expect(p95Ms).toBeCloseTo(95)
  expect(p99Ms).toBeCloseTo(99)
})

test('a duration beyond all bounds is not estimated longer than it was', () => {
  const histogram = new Histogram()
  histogram.add(60_000)
  expect(histogram.report().p99Ms).toBeLessThanOrEqual(60_000)
  expect(histogram.report().p99Ms).toBeGreaterThan(10_000)
})

test('has no percentiles without durations', () => {
  expect(new Histogram().report()).toMatchObject({ count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 })
})
