import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { drawn } from './weighted-random.ts'

/**
 * Draws two replicas, by weight, and takes the one with fewer reads in flight for its weight (Mitzenmacher, 1996). Nearly as
 * short queues as `leastInFlight()`, and many processes do not all go to the same replica.
 */
export function powerOfTwoChoices(): Balancer {
  return {
    order(candidates, { inFlight, random }) {
      return betterOfTwo(drawn(candidates, random), ({ id, weight }) => inFlight(id) / weight)
    },
  }
}

/** The second comes first if it costs less, by more than `tolerance` times; the others stay where they are. */
export function betterOfTwo(
  candidates: readonly NodeView[],
  costOf: (node: NodeView) => number,
  tolerance = 1,
): readonly NodeView[] {
  const [first, second, ...others] = candidates
  if (first === undefined || second === undefined) return candidates
  return costOf(second) * tolerance < costOf(first) ? [second, first, ...others] : candidates
}
