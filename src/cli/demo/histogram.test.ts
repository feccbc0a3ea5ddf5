import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Histogram } from './histogram.ts'

function filled(durationsMs: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const durationMs of durationsMs) histogram.record(durationMs)
  return histogram
}

describe('Histogram', () => {
  it('has no quantile while it is empty', () => {
    expect(new Histogram().quantile(0.5)).toBe(0)
  })

  it('is at most 2.2 % off at every quantile', () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (durationsMs, q) => {
        const sorted = durationsMs.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? NaN
        expect(Math.abs(filled(durationsMs).quantile(q) / exact - 1)).toBeLessThan(0.0221)
      }),
    )
  })

  it('tells the slow one of a hundred from the others', () => {
    const histogram = filled([...Array.from({ length: 99 }, () => 1), 1000])
    expect(histogram.quantile(0.99)).toBeCloseTo(1, 1)
    expect(histogram.quantile(1)).toBeGreaterThan(970)
  })

  it.each([0, -1, 1e-9, 1e12])('takes %d ms for the nearest that it can hold', (durationMs) => {
    const histogram = filled([durationMs])
    expect(histogram.count).toBe(1)
    expect(histogram.quantile(0.5)).toBeGreaterThan(0)
    expect(histogram.quantile(0.5)).toBeLessThan(2 ** 32)
  })
})
