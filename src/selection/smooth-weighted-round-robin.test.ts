import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replicaView } from '../../test/support/views.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer, BalancerContext } from './balancer.ts'
import { smoothWeightedRoundRobin } from './smooth-weighted-round-robin.ts'

const NAMES = 'abcdefgh'
const context: BalancerContext = { nowMs: 0, random: () => 0, inFlight: () => 0 }

function weighted(...weights: readonly number[]): readonly NodeView[] {
  return weights.map((weight, index) => replicaView(NAMES[index] ?? '', undefined, { weight }))
}

function ids(nodes: readonly NodeView[]): string {
  return nodes.map(({ id }) => id).join('')
}

/** Ids of those that get the next reads, one after the other. */
function turns(balancer: Balancer, candidates: readonly NodeView[], count: number): string {
  const picks = Array.from({ length: count }, () => {
    const [picked] = balancer.order(candidates, context)
    if (picked === undefined) return ''
    balancer.started?.(picked, candidates, context)
    return picked.id
  })
  return picks.join('')
}

describe('smooth weighted round robin', () => {
  it.each([
    [[1, 1], 'abababab'],
    [[1, 1, 1], 'abcabcabc'],
    [[5, 1, 1], 'aabacaaaabacaa'],
    [[2, 1], 'abaaba'],
    [[0.5, 0.25], 'abaaba'],
    [[1], 'aaa'],
  ])('weights %j give %s', (weights, expected) => {
    expect(turns(smoothWeightedRoundRobin(), weighted(...weights), expected.length)).toBe(expected)
  })

  it('puts all candidates into the order, each once, the next best behind the best', () => {
    const balancer = smoothWeightedRoundRobin()
    const candidates = weighted(5, 1, 3)
    expect(ids(balancer.order(candidates, context))).toBe('acb')
    turns(balancer, candidates, 1)
    expect(ids(balancer.order(candidates, context))).toBe('cba')
  })

  it('to be asked changes nothing', () => {
    const balancer = smoothWeightedRoundRobin()
    const candidates = weighted(1, 1)
    for (let i = 0; i < 5; i++) balancer.order(candidates, context)
    expect(turns(balancer, candidates, 2)).toBe('ab')
  })

  it('spreads reads that all start before one of them ends', () => {
    expect(turns(smoothWeightedRoundRobin(), weighted(1, 1, 1, 1), 8)).toBe('abcdabcd')
  })

  it('a replica that is back after a while gets its share, and no burst to make up for it', () => {
    const balancer = smoothWeightedRoundRobin()
    const [a, b, c] = weighted(1, 1, 1)
    if (a === undefined || b === undefined || c === undefined) return expect.unreachable()
    turns(balancer, [a, b, c], 4)
    turns(balancer, [a, b], 100)
    const picks = turns(balancer, [a, b, c], 9)
    expect(picks.split('').toSorted().join('')).toBe('aaabbbccc')
    expect(picks).not.toMatch(/(.)\1/)
  })

  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 6 })

  it('over a full cycle each gets exactly its weight, again and again', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 3 }), (given, cycles) => {
        const balancer = smoothWeightedRoundRobin()
        const candidates = weighted(...given)
        const sum = given.reduce((total, weight) => total + weight, 0)
        for (let cycle = 0; cycle < cycles; cycle++) {
          const picks = turns(balancer, candidates, sum)
          const counts = candidates.map(({ id }) => picks.split(id).length - 1)
          expect(counts).toEqual(given)
        }
      }),
    )
  })

  it('never in bursts: at no time has one had a whole turn more than its share', () => {
    fc.assert(
      fc.property(weights, (given) => {
        const candidates = weighted(...given)
        const sum = given.reduce((total, weight) => total + weight, 0)
        const picks = turns(smoothWeightedRoundRobin(), candidates, sum)
        for (const { id, weight } of candidates) {
          for (let length = 1; length <= sum; length++) {
            const count = picks.slice(0, length).split(id).length - 1
            expect(count * sum).toBeLessThan(length * weight + sum)
          }
        }
      }),
    )
  })
})
