import type { Executors } from './executors.ts'
import type { HealthBook } from '../execution/health-book.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import type { NodeChange } from '../observability/events.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { Roster } from './roster.ts'
import type { NodeId } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'
import { isFenced, type NodeView, type Snapshot } from '../topology/snapshot.ts'

export interface ConsequencesOptions {
  readonly executors: Pick<Executors, 'abandon'>
  readonly health: Pick<HealthBook, 'returned'>
  readonly nodes: Pick<NodeSet, 'get'>
  readonly roster: Pick<Roster, 'look'>
  readonly transitions: Pick<Transitions, 'lastRoleOf'>
}

/** Changes statements and connections in progress when a node is seen to have changed. */
export class Consequences {
  readonly #options: ConsequencesOptions
  /** Identity of the server that was last seen at each address. */
  readonly #servers = new Map<NodeId, string>()

  constructor(options: ConsequencesOptions) {
    this.#options = options
  }

  draw(changes: readonly NodeChange[], snapshot: Snapshot): void {
    for (const change of changes) this.#follow(change)
    for (const view of snapshot.nodes) this.#identify(view)
    this.#leaveBehind(snapshot)
  }

  /** Identity of the server that was last seen at this node's address. */
  serverOf(id: NodeId): string | undefined {
    return this.#servers.get(id)
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    retain(this.#servers, ids)
  }

  /** Gives up the connections to a server in whose place another one is seen. */
  #identify({ id, isBalanced, state }: NodeView): void {
    if (state.name !== 'up' || isBalanced) return
    const { serverIdentity } = state.observation
    const before = this.#servers.get(id)
    if (before === serverIdentity) return
    this.#servers.set(id, serverIdentity)
    if (before !== undefined) this.#options.nodes.get(id)?.renew()
  }

  #follow({ node, from, to, cause }: NodeChange): void {
    const { executors, health, nodes, roster } = this.#options
    if (to === 'down') {
      nodes.get(node)?.renew()
      executors.abandon(node, cause ?? new Error(`${node} is down`))
    }
    if (from === 'down') health.returned(node)
    // The new primary may not be in the list.
    if (from === 'primary' && to !== 'pending') void roster.look()
  }

  /** Fails callers that wait for a connection to an old primary, or for an answer from it. */
  #leaveBehind(snapshot: Snapshot): void {
    const { nodes: views, primary } = snapshot
    const { executors, nodes, transitions } = this.#options
    for (const view of views) {
      const { exclusion, id, state } = view
      if (transitions.lastRoleOf(id) !== 'primary' || id === primary?.id) continue
      const cause = new Error(`${id} is no longer the primary`)
      if (isFenced(snapshot, view)) executors.abandon(id, cause, 'fenced')
      if (primary === undefined) continue
      // Statements on a dead server that has been replaced would wait for nothing.
      if (state.name === 'down') nodes.get(id)?.cut()
      // An old primary would confirm writes that the cluster has lost.
      else if (exclusion === 'old-timeline') nodes.get(id)?.cut('busy')
    }
  }
}
