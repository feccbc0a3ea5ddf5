import type { Platform } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'
import { loadPermitQueues } from './permit-queue.ts'
import { Permits, type Granted } from './permits.ts'
import type { Tier } from './tier.ts'

export interface PermitBookOptions {
  readonly tiers: readonly Tier[]
  readonly platform: Platform
  /** Returns the maximum number of connections to this node. */
  readonly maxOf: (node: NodeId) => number
}

/** The permits of all nodes. One per pool with tiers. */
export class PermitBook {
  readonly #options: PermitBookOptions
  readonly #priorities: number
  readonly #permits = new Map<NodeId, Permits>()

  constructor(options: PermitBookOptions) {
    this.#options = options
    // Now, and not with the first query: test runners refuse to load modules once a test is over.
    loadPermitQueues()
    this.#priorities = 1 + Math.max(...options.tiers.map(({ priority }) => priority))
  }

  /** See `Permits.ask`. */
  ask(node: NodeId, tier: Tier, granted: Granted): () => void {
    let permits = this.#permits.get(node)
    if (permits === undefined) {
      const { maxOf, platform } = this.#options
      permits = new Permits({ node, max: maxOf(node), priorities: this.#priorities, platform })
      this.#permits.set(node, permits)
    }
    return permits.ask(tier, granted)
  }

  /** Forgets all nodes but these. Holders of their permits and waiting callers continue. */
  retain(ids: ReadonlySet<NodeId>): void {
    retain(this.#permits, ids)
  }
}
