import { describe, expect, it } from 'vitest'
import { ids, momentOf, simulate, weighted } from '../../test/support/balancer-bench.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { peakEwma } from './peak-ewma.ts'

const [a, b] = weighted(1, 1) as [NodeView, NodeView]

function answered(balancer: Balancer, node: NodeView, elapsedMs: number, atMs: number, expectedMs = 1): void {
  balancer.ended?.(node, { elapsedMs, expectedMs, answered: true }, atMs)
}

/** Returns the first node in the order, with these reads in flight. */
function first(
  balancer: Balancer,
  nowMs: number,
  inFlight: Readonly<Record<string, number>> = {},
): string | undefined {
  return balancer.order([a, b], momentOf(inFlight, 0, nowMs))[0]?.id
}

describe('peak EWMA', () => {
  it('a slow answer counts at once', () => {
    const balancer = peakEwma()
    answered(balancer, a, 1, 0)
    answered(balancer, b, 1, 0)
    expect(first(balancer, 1)).toBe('a')
    answered(balancer, a, 10, 1)
    expect(first(balancer, 2)).toBe('b')
  })

  it('a pause of the process, which all of them show, does not make them look the same', () => {
    const balancer = peakEwma()
    for (let ms = 0; ms < 100; ms += 10) {
      answered(balancer, a, 10, ms)
      answered(balancer, b, 1, ms)
    }
    for (let n = 0; n < 5; n++) {
      answered(balancer, a, 310, 400)
      answered(balancer, b, 301, 400)
    }
    for (let n = 0; n < 10; n++) answered(balancer, b, 1, 401 + n)
    expect(first(balancer, 411)).toBe('b')
  })

  it('a fast one only little by little', () => {
    const balancer = peakEwma()
    answered(balancer, b, 1, 0)
    answered(balancer, a, 10, 0)
    answered(balancer, a, 1, 1)
    expect(first(balancer, 1)).toBe('b')
    for (let ms = 2; ms < 40_000; ms += 100) {
      answered(balancer, a, 0.5, ms)
      answered(balancer, b, 1, ms)
    }
    expect(first(balancer, 40_000)).toBe('a')
  })

  it('goes to the slow one when the other has as many more in flight', () => {
    const balancer = peakEwma()
    answered(balancer, a, 10, 0)
    answered(balancer, b, 1, 0)
    expect(first(balancer, 0, { b: 5 })).toBe('b')
    expect(first(balancer, 0, { b: 15 })).toBe('a')
  })

  it('forgives with time who is not asked any more', () => {
    const balancer = peakEwma({ decayMs: 1000 })
    for (let ms = 0; ms <= 5000; ms += 50) answered(balancer, a, 10, ms)
    answered(balancer, b, 1, 6500)
    expect(first(balancer, 6500)).toBe('b')
    answered(balancer, b, 1, 7500)
    expect(first(balancer, 7500)).toBe('a')
  })

  it('forgives a single slow answer soon', () => {
    const balancer = peakEwma({ decayMs: 1000 })
    answered(balancer, b, 1, 0)
    for (let n = 0; n < 5; n += 1) answered(balancer, a, 10, 0)
    expect(first(balancer, 50)).toBe('b')
    expect(first(balancer, 100)).toBe('a')
  })

  it('a long read says nothing ill of its replica', () => {
    const balancer = peakEwma()
    answered(balancer, b, 2, 0, 1)
    answered(balancer, a, 5000, 0, 5000)
    expect(first(balancer, 1)).toBe('a')
  })

  it('a node that fails soon is not fast', () => {
    const balancer = peakEwma()
    answered(balancer, a, 4, 0)
    answered(balancer, b, 1, 0)
    balancer.ended?.(a, { elapsedMs: 0.1, expectedMs: 1, answered: false }, 1)
    expect(first(balancer, 1)).toBe('b')
  })

  it('an unknown node gets one read, and more only when the other is very busy', () => {
    const balancer = peakEwma()
    answered(balancer, b, 1, 0)
    expect(first(balancer, 0)).toBe('a')
    expect(first(balancer, 0, { a: 1, b: 20 })).toBe('b')
    expect(first(balancer, 0, { a: 1, b: 2000 })).toBe('a')
  })

  it('a small difference is chance', () => {
    const balancer = peakEwma()
    answered(balancer, a, 1.3, 0)
    answered(balancer, b, 1, 0)
    expect(first(balancer, 0)).toBe('a')
    expect(balancer.order([a, b], momentOf({}, 0.9))[0]).toBe(b)
  })

  it('looks at two of many', () => {
    const balancer = peakEwma()
    const nodes = weighted(1, 1, 1)
    for (const [index, node] of nodes.entries()) answered(balancer, node, 4 / 2 ** index, 0)
    expect(ids(balancer.order(nodes, momentOf()))).toBe('bac')
  })

  it('a node that becomes slow gets no reads, and comes back when it is fast again', () => {
    const serviceMs = (id: string, nowMs: number): number => (id === 'a' && nowMs < 30_000 ? 50 : 2)
    const run = (seconds: number): number =>
      simulate({ balancer: peakEwma(), candidates: [a, b], serviceMs, readsPerSecond: 500, seconds }).share[
        'a'
      ] ?? 0
    expect(run(30)).toBeLessThan(0.01)
    expect(run(300)).toBeGreaterThan(0.3)
  })

  it.each([
    ['a cold cache', 100, 200],
    ['a cold cache', 100, 5000],
    ['a long pause', 3000, 200],
  ])('has its share 2 s after %s of %d ms, at %d reads per second', (_name, coldMs, readsPerSecond) => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 }
    const serviceMs = (id: string, nowMs: number): number => {
      if (nowMs > coldMs + 2000) counts[id] = (counts[id] ?? 0) + 1
      return id === 'a' && nowMs < coldMs ? coldMs - nowMs : 1
    }
    const candidates = weighted(1, 1, 1)
    simulate({ balancer: peakEwma(), candidates, serviceMs, readsPerSecond, seconds: coldMs / 1000 + 4 })
    const all = Object.values(counts).reduce((sum, count) => sum + count)
    expect((counts['a'] ?? 0) / all).toBeGreaterThan(0.25)
  })

  it('leaves a replica alone for longer the more often it was slow', () => {
    const counts: number[] = []
    const serviceMs = (id: string, nowMs: number): number => {
      const tenSeconds = Math.floor(nowMs / 10_000)
      if (id === 'a') counts[tenSeconds] = (counts[tenSeconds] ?? 0) + 1
      return id === 'a' ? 50 : 1
    }
    simulate({ balancer: peakEwma(), candidates: [a, b], serviceMs, readsPerSecond: 200, seconds: 40 })
    expect(counts[0]).toBeLessThan(15)
    expect(counts[3] ?? 0).toBeLessThan(3)
  })

  it.each([0, -1, Number.NaN])('refuses a decay of %d ms', (decayMs) => {
    expect(() => peakEwma({ decayMs })).toThrow(`"decayMs" of peakEwma() must be a number above 0`)
  })
})

describe('peak EWMA, when a read would share a connection with others', () => {
  /** Returns the first node in the order for a read that would join others at this node. */
  function joining(balancer: Balancer, joins: string, inFlight: Readonly<Record<string, number>>): string {
    const [chosen] = balancer.order([a, b], { ...momentOf(inFlight, 0, 1), joins })
    return chosen?.id ?? ''
  }

  function measured(slownessOfB = 1): Balancer {
    const balancer = peakEwma()
    answered(balancer, a, 1, 0)
    answered(balancer, b, slownessOfB, 0)
    return balancer
  }

  it.each([
    { what: 'few are in flight: it joins', inFlight: { b: 31 }, chosen: 'b' },
    { what: 'there are enough for all: the replica with fewer', inFlight: { b: 32 }, chosen: 'a' },
    { what: 'those at other replicas count', inFlight: { a: 10, b: 22 }, chosen: 'a' },
  ])('$what', ({ inFlight, chosen }) => {
    expect(joining(measured(), 'b', inFlight)).toBe(chosen)
  })

  it('does not join at a replica that is slow, not measured, or no candidate', () => {
    expect(joining(measured(10), 'b', { b: 1 })).toBe('a')
    expect(joining(peakEwma(), 'b', { b: 1 })).toBe('a')
    expect(joining(measured(), 'c', { b: 1 })).toBe('a')
  })
})
