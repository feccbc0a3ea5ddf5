import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'

/**
 * Orders replicas at random, by weight. A replica of weight 2 is twice as likely to be first as one of weight 1. Keeps
 * no state.
 *
 * @example
 * new Pool({ host: 'primary', replicas: ['postgres://app@r1/shop'], balancer: weightedRandom() })
 */
export function weightedRandom(): Balancer {
  return { order: (candidates, { random }) => drawn(candidates, random) }
}

/**
 * Draws the candidates without replacement, with chances in proportion to their weights. Each gets an exponentially
 * distributed time with its weight as the rate, and the earliest comes first (Efraimidis and Spirakis, 2006).
 */
export function drawn(candidates: readonly NodeView[], random: () => number): readonly NodeView[] {
  const [a, b] = candidates
  if (a === undefined || b === undefined) return candidates
  if (candidates.length === 2) {
    return random() * (a.weight + b.weight) < a.weight ? candidates : [b, a]
  }
  return candidates
    .map((node) => ({ node, atTime: -Math.log(1 - random()) / node.weight }))
    .toSorted((first, second) => first.atTime - second.atTime)
    .map(({ node }) => node)
}
