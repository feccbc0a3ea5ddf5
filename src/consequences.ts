import type { Executors } from './executors.ts'
import type { HealthBook } from './execution/health-book.ts'
import type { NodeSet } from './nodes/node-set.ts'
import type { NodeChange } from './observability/events.ts'
import type { Transitions } from './observability/transitions.ts'
import type { Roster } from './roster.ts'
import type { Snapshot } from './topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface ConsequencesOptions {
  readonly cluster: WatchedCluster
  readonly executors: Executors
  readonly health: HealthBook
  readonly nodes: NodeSet
  readonly roster: Roster
  readonly transitions: Transitions
}

/** What follows for statements and connections when a node is seen to be something else. */
export class Consequences {
  readonly #options: ConsequencesOptions

  constructor(options: ConsequencesOptions) {
    this.#options = options
  }

  draw(changes: readonly NodeChange[], snapshot: Snapshot): void {
    for (const change of changes) this.#follow(change)
    this.#leaveBehind(snapshot)
  }

  #follow({ node, from, to, cause }: NodeChange): void {
    const { executors, health, nodes, roster } = this.#options
    if (to === 'down') {
      nodes.get(node)?.renew()
      executors.abandon(node, cause ?? new Error(`${node} is down`))
    }
    if (from === 'down') health.returned(node)
    // Wherever the primary went, it may not be in the list.
    if (from === 'primary') void roster.look()
  }

  /** Nobody who still waits for a connection to an old primary is to write there. */
  #leaveBehind({ nodes: views, primary }: Snapshot): void {
    const { cluster, executors, nodes, transitions } = this.#options
    for (const view of views) {
      const { id, state } = view
      if (transitions.lastRoleOf(id) !== 'primary' || id === primary?.id) continue
      const cause = new Error(`${id} is no longer the primary`)
      if (cluster.isFenced(view)) executors.abandon(id, cause, 'fenced')
      // What is under way at a server that does not answer, and is replaced, would be waited for in vain.
      if (state.name === 'down' && primary !== undefined) nodes.get(id)?.cut()
    }
  }
}
