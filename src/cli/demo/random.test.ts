import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'

function numbers(seed: number, count: number): readonly number[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

describe('createRandom', () => {
  it('repeats itself for the same seed only', () => {
    expect(numbers(7, 50)).toEqual(numbers(7, 50))
    expect(numbers(7, 50)).not.toEqual(numbers(8, 50))
  })

  it('spreads evenly over [0, 1)', () => {
    const drawn = numbers(1, 20_000)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...drawn)).toBeLessThan(1)
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = drawn.filter((number) => Math.floor(number * 10) === tenth).length
      expect(count).toBeGreaterThan(1800)
      expect(count).toBeLessThan(2200)
    }
  })

  it('draws whole numbers from both ends and all between', () => {
    const random = createRandom(3)
    const drawn = new Set(Array.from({ length: 500 }, () => random.integer(-2, 2)))
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2])
  })
})
