import type { Balancer } from './balancer.ts'
import { drawn } from './weighted-random.ts'

/**
 * Whoever has the fewest reads in flight for its weight is first; among equals chance decides, by weight. Of all policies it
 * keeps queues shortest for one process; many processes that see the same idle replica all go there, and then
 * `powerOfTwoChoices()` does better.
 */
export function leastInFlight(): Balancer {
  return {
    order(candidates, { inFlight, random }) {
      // Sorting is stable, so equals stay as they were drawn.
      return drawn(candidates, random).toSorted(
        (a, b) => inFlight(a.id) / a.weight - inFlight(b.id) / b.weight,
      )
    },
  }
}
