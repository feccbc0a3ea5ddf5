import { describe, expect, it } from 'vitest'
import { ids, momentOf, seeded, simulate, weighted } from '../../test/support/balancer-bench.ts'
import type { Balancer } from './balancer.ts'
import { leastInFlight } from './least-in-flight.ts'
import { NodeTable } from './node-table.ts'
import { peakEwma } from './peak-ewma.ts'
import { powerOfTwoChoices } from './power-of-two-choices.ts'
import { preferTags } from './prefer-tags.ts'
import { smoothWeightedRoundRobin } from './smooth-weighted-round-robin.ts'
import { weightedRandom } from './weighted-random.ts'

const ALL: readonly (readonly [string, () => Balancer])[] = [
  ['smooth weighted round robin', smoothWeightedRoundRobin],
  ['weighted random', weightedRandom],
  ['least in flight', leastInFlight],
  ['power of two choices', powerOfTwoChoices],
  ['peak EWMA', peakEwma],
  ['a preference for tags', () => preferTags([{ zone: 'a' }], { balancer: peakEwma() })],
]

describe.each(ALL)('%s', (_name, create) => {
  it('orders all candidates, each once, and leaves the list as it is', () => {
    const candidates = weighted(1, 2, 3, 4)
    const random = seeded()
    for (let n = 0; n < 50; n++) {
      const ordered = create().order(candidates, momentOf({ a: n % 3, c: n % 5 }, random))
      expect(ids(ordered).split('').toSorted().join('')).toBe('abcd')
    }
    expect(ids(candidates)).toBe('abcd')
  })

  it('orders a single candidate', () => {
    expect(ids(create().order(weighted(1), momentOf()))).toBe('a')
  })

  it('to be asked changes nothing', () => {
    const balancer = create()
    const candidates = weighted(1, 2, 3)
    const context = momentOf({ a: 1, b: 2 }, 0.4)
    const first = ids(balancer.order(candidates, context))
    for (let n = 0; n < 9; n++) expect(ids(balancer.order(candidates, context))).toBe(first)
  })

  it('of equal replicas none is left out', () => {
    const { share } = simulate({
      balancer: create(),
      candidates: weighted(1, 1, 1),
      serviceMs: () => 5,
      readsPerSecond: 2000,
      seconds: 10,
    })
    for (const part of Object.values(share)) expect(part).toBeGreaterThan(0.25)
  })

  it('weights are respected while there is room', () => {
    const { share } = simulate({
      balancer: create(),
      candidates: weighted(3, 1),
      serviceMs: () => 5,
      readsPerSecond: 50,
      seconds: 60,
    })
    expect(share['a']).toBeGreaterThan(0.6)
    expect(share['b']).toBeGreaterThan(0.1)
  })
})

describe('one replica of three ten times slower', () => {
  const slow = { candidates: weighted(1, 1, 1), readsPerSecond: 1000, seconds: 60 }
  const p99Of = (balancer: Balancer): number =>
    simulate({ ...slow, balancer, serviceMs: (id) => (id === 'a' ? 20 : 2) }).p99Ms
  const withoutMs = simulate({
    ...slow,
    candidates: slow.candidates.slice(1),
    balancer: peakEwma(),
    serviceMs: () => 2,
  }).p99Ms

  it('peak EWMA: as if it were not there', () => {
    expect(p99Of(peakEwma())).toBeLessThan(1.3 * withoutMs)
  })

  it.each([
    ['smooth weighted round robin', smoothWeightedRoundRobin()],
    ['weighted random', weightedRandom()],
  ])('%s cannot tell', (_name, balancer) => {
    expect(p99Of(balancer)).toBeGreaterThan(5 * withoutMs)
  })
})

describe('weighted random', () => {
  it.each([
    [[1, 1], 0.5],
    [[3, 1], 0.75],
    [[5, 3, 2], 0.5],
  ])('of weights %j the first comes first in %d of the draws', (weights, expected) => {
    const random = seeded(3)
    const candidates = weighted(...weights)
    let first = 0
    for (let n = 0; n < 20_000; n++) {
      if (weightedRandom().order(candidates, momentOf({}, random))[0]?.id === 'a') first += 1
    }
    expect(first / 20_000).toBeCloseTo(expected, 1.7)
  })
})

describe('least in flight', () => {
  it.each([
    [{ a: 2, b: 1, c: 3 }, [1, 1, 1], 'bac'],
    [{ a: 4, b: 3, c: 0 }, [2, 1, 1], 'cab'],
    [{ a: 1, b: 1, c: 0 }, [1, 1, 1], 'cab'],
  ])('%j in flight, weights %j: %s', (inFlight, weights, expected) => {
    // Chance 0 leaves candidates in their order.
    expect(ids(leastInFlight().order(weighted(...weights), momentOf(inFlight)))).toBe(expected)
  })
})

describe('power of two choices', () => {
  it.each([
    [{ a: 2, b: 1, c: 0 }, 'bac'],
    [{ a: 1, b: 1, c: 0 }, 'abc'],
    [{ a: 0, b: 1, c: 0 }, 'abc'],
  ])('looks at two: with %j in flight it is %s', (inFlight, expected) => {
    expect(ids(powerOfTwoChoices().order(weighted(1, 1, 1), momentOf(inFlight)))).toBe(expected)
  })
})

describe('memory of nodes that come and go', () => {
  it('does not grow for ever', () => {
    const table = new NodeTable<number>()
    for (let n = 0; n < 10_000; n++) table.set(`10.0.0.${n}:5432`, n)
    expect(table.size).toBeLessThan(300)
    expect(table.get('10.0.0.9999:5432')).toBe(9999)
    expect(table.get('10.0.0.0:5432')).toBeUndefined()
  })

  it('stays when it is set again', () => {
    const table = new NodeTable<number>()
    for (let n = 0; n < 10_000; n++) table.set(`n${n % 10}`, n)
    expect(table.size).toBe(10)
    expect(table.get('n3')).toBe(9993)
  })
})
