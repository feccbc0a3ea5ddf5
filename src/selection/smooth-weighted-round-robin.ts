import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { NodeTable } from './node-table.ts'

/**
 * Smooth weighted round robin, as nginx does it. At every turn each candidate gains its weight, and the one with the
 * most is taken and loses the sum of all weights. Weights 5, 1, 1 give `aabacaa` and not `aaaaabc`.
 *
 * @example
 * new Pool({
 *   host: 'primary',
 *   replicas: ['postgres://app@r1/shop'],
 *   balancer: smoothWeightedRoundRobin(),
 * })
 */
export function smoothWeightedRoundRobin(): Balancer {
  const credits = new NodeTable<number>()
  const creditOf = (node: NodeView): number => credits.get(node.id) ?? 0

  return {
    order(candidates) {
      if (candidates.length < 2) return candidates
      return candidates.toSorted((a, b) => creditOf(b) + b.weight - (creditOf(a) + a.weight))
    },
    started(picked, candidates) {
      if (candidates.length < 2) return
      let sum = 0
      for (const node of candidates) {
        sum += node.weight
        credits.set(node.id, creditOf(node) + node.weight)
      }
      credits.set(picked.id, creditOf(picked) - sum)
    },
  }
}
