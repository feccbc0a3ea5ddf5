import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { drawn } from './weighted-random.ts'

/**
 * Draws two replicas, by weight, and takes the one with fewer reads in flight for its weight (Mitzenmacher, 1996).
 * Queues are nearly as short as with `leastInFlight()`, and many processes do not all choose the same replica.
 *
 * @example
 * new Pool({ host: 'primary', replicas: ['postgres://app@r1/shop'], balancer: powerOfTwoChoices() })
 */
export function powerOfTwoChoices(): Balancer {
  return {
    order(candidates, { inFlight, random }) {
      return betterOfTwo(drawn(candidates, random), ({ id, weight }) => inFlight(id) / weight)
    },
  }
}

/**
 * Swaps the first two candidates if the second costs less by more than a factor of `tolerance`. The others stay in
 * place.
 */
export function betterOfTwo(
  candidates: readonly NodeView[],
  costOf: (node: NodeView) => number,
  tolerance = 1,
): readonly NodeView[] {
  const [first, second, ...others] = candidates
  if (first === undefined || second === undefined) return candidates
  return costOf(second) * tolerance < costOf(first) ? [second, first, ...others] : candidates
}
