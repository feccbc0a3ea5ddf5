import type { Balancer } from '../../src/index.ts'
// One by one: the simulation has to replace the clock before anything loads the whole library.
import { leastInFlight } from '../../src/selection/least-in-flight.ts'
import { peakEwma } from '../../src/selection/peak-ewma.ts'
import { powerOfTwoChoices } from '../../src/selection/power-of-two-choices.ts'
import { smoothWeightedRoundRobin } from '../../src/selection/smooth-weighted-round-robin.ts'
import { weightedRandom } from '../../src/selection/weighted-random.ts'

export const POLICIES = {
  'round-robin': smoothWeightedRoundRobin,
  'weighted-random': weightedRandom,
  'least-in-flight': leastInFlight,
  'two-choices': powerOfTwoChoices,
  'peak-ewma': peakEwma,
} as const satisfies Record<string, () => Balancer>

export type PolicyName = keyof typeof POLICIES

export const POLICY_NAMES = Object.keys(POLICIES) as readonly PolicyName[]
