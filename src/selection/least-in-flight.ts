import type { Balancer } from './balancer.ts'
import { drawn } from './weighted-random.ts'

/**
 * Takes the replica with the fewest reads in flight for its weight; ties are broken at random, by weight. For a single
 * process it keeps queues shortest. Many processes that see the same idle replica all choose it; use
 * `powerOfTwoChoices()` there.
 *
 * @example
 * new Pool({ host: 'primary', replicas: ['postgres://app@r1/shop'], balancer: leastInFlight() })
 */
export function leastInFlight(): Balancer {
  return {
    order(candidates, { inFlight, random }) {
      // Sorting is stable, so ties stay as they were drawn.
      return drawn(candidates, random).toSorted(
        (a, b) => inFlight(a.id) / a.weight - inFlight(b.id) / b.weight,
      )
    },
  }
}
