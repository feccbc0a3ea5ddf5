import type { PoolOptions } from '../../src/index.ts'
import { POLICIES } from './policies.ts'
import type { Scenario } from './scenario.ts'

/** The options of a scenario's pool, over simulated and over real servers. */
export function optionsOf({ consistency, max, policy, spillShare }: Scenario): PoolOptions {
  return {
    balancer: POLICIES[policy](),
    consistency,
    max,
    primarySpill: { share: spillShare },
    declared: { functions: { work: 'readOnly' } },
  }
}
