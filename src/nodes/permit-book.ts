import type { Platform } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import { Permits, type Granted } from './permits.ts'
import type { Tier } from './tier.ts'

export interface PermitBookOptions {
  readonly tiers: readonly Tier[]
  readonly platform: Platform
  /** How many connections to this node there may be. */
  readonly maxOf: (node: NodeId) => number
}

/** Every node's permits. One per pool that has tiers. */
export class PermitBook {
  readonly #options: PermitBookOptions
  readonly #priorities: number
  readonly #permits = new Map<NodeId, Permits>()

  constructor(options: PermitBookOptions) {
    this.#options = options
    this.#priorities = 1 + Math.max(...options.tiers.map(({ priority }) => priority))
  }

  /** As `Permits.ask`. */
  ask(node: NodeId, tier: Tier, granted: Granted): () => void {
    let permits = this.#permits.get(node)
    if (permits === undefined) {
      const { maxOf, platform } = this.#options
      permits = new Permits({ node, max: maxOf(node), priorities: this.#priorities, platform })
      this.#permits.set(node, permits)
    }
    return permits.ask(tier, granted)
  }

  /** The node is no longer one of the cluster's. Who holds or awaits a permit goes on. */
  forget(node: NodeId): void {
    this.#permits.delete(node)
  }
}
