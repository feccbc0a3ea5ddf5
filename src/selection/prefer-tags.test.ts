import { describe, expect, it } from 'vitest'
import { ids, momentOf } from '../../test/support/balancer-bench.ts'
import { replicaView } from '../../test/support/views.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { leastInFlight } from './least-in-flight.ts'
import { preferTags } from './prefer-tags.ts'
import { smoothWeightedRoundRobin } from './smooth-weighted-round-robin.ts'

const asTheyAre: Balancer = { order: (candidates) => candidates }
const nodes: readonly NodeView[] = [
  replicaView('x'),
  replicaView('c', undefined, { tags: { zone: 'c' } }),
  replicaView('b', undefined, { tags: { zone: 'b', disk: 'fast' } }),
  replicaView('a', undefined, { tags: { zone: 'a', disk: 'slow' } }),
  replicaView('d', undefined, { tags: { zone: 'a', disk: 'fast' } }),
]

describe('a preference for tags', () => {
  it.each([
    [[{ zone: 'a' }], 'adxcb'],
    [[{ zone: 'a' }, { zone: 'b' }], 'adbxc'],
    [[{ zone: 'a', disk: 'fast' }, { zone: 'a' }], 'daxcb'],
    [[{ zone: 'nowhere' }], 'xcbad'],
    [[], 'xcbad'],
    [[{}], 'xcbad'],
  ])('%j gives %s', (nearest, expected) => {
    const balancer = preferTags(nearest, { balancer: asTheyAre })
    expect(ids(balancer.order(nodes, momentOf()))).toBe(expected)
  })

  it.each([
    ['one of two is full', { a: 4 }, 'dbxca'],
    ['both are full', { a: 4, d: 4 }, 'bxcad'],
    ['all are full', { a: 9, b: 9, c: 9, d: 9, x: 9 }, 'xcbad'],
    ['one has room again', { a: 3, d: 4 }, 'abxcd'],
  ])('spills over when %s', (_what, inFlight, expected) => {
    const balancer = preferTags([{ zone: 'a' }, { zone: 'b' }], { balancer: asTheyAre, fullAt: 4 })
    expect(ids(balancer.order(nodes, momentOf(inFlight)))).toBe(expected)
  })

  it('within each group the other balancer decides', () => {
    const balancer = preferTags([{ zone: 'a' }], { balancer: leastInFlight() })
    expect(ids(balancer.order(nodes, momentOf({ a: 2, d: 1, x: 1, c: 0, b: 2 })))).toBe('dacxb')
  })

  it('the other balancer is notified only of those among which it chose', () => {
    const balancer = preferTags([{ zone: 'a' }], { balancer: smoothWeightedRoundRobin() })
    const picks = Array.from({ length: 6 }, () => {
      const [picked] = balancer.order(nodes, momentOf())
      if (picked !== undefined) balancer.started?.(picked, nodes, momentOf())
      return picked?.id
    })
    expect(picks.join('')).toBe('adadad')
    const told: string[] = []
    const telling = preferTags([{ zone: 'a' }, { zone: 'b' }], {
      balancer: { ...asTheyAre, started: ({ id }, among) => told.push(`${id} of ${ids(among)}`) },
      fullAt: 2,
    })
    for (const node of nodes) telling.started?.(node, nodes, momentOf({ d: 2 }))
    expect(told).toEqual(['x of xc', 'c of xc', 'b of b', 'a of a', 'd of d'])
  })

  it('and how reads end', () => {
    const told: unknown[] = []
    const balancer = preferTags([], {
      balancer: { ...asTheyAre, ended: ({ id }, outcome, nowMs) => told.push([id, outcome, nowMs]) },
    })
    const outcome = { elapsedMs: 1, expectedMs: 2, answered: true }
    const [x] = nodes
    if (x !== undefined) balancer.ended?.(x, outcome, 5)
    expect(told).toEqual([['x', outcome, 5]])
  })

  it.each([0, 1.5, Number.NaN])('refuses to be full at %d', (fullAt) => {
    expect(() => preferTags([], { balancer: asTheyAre, fullAt })).toThrow('"fullAt" of preferTags()')
  })
})
