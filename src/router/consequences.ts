import type { PoolClient } from 'pg'
import { unfitError } from '../execution/proven-read.ts'
import { whoAnswers } from '../execution/who-answers.ts'
import type { Executors } from './executors.ts'
import type { HealthBook } from '../execution/health-book.ts'
import { exchange } from '../nodes/exchange.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import type { NodeChange } from '../observability/events.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { Roster } from './roster.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import type { Platform } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface ConsequencesOptions {
  readonly platform: Platform
  readonly cluster: WatchedCluster
  readonly executors: Executors
  readonly health: HealthBook
  readonly nodes: NodeSet
  readonly roster: Roster
  readonly sessions: SessionKeeper
  readonly settings: SettingKeeper
  readonly transitions: Transitions
}

/** What follows for statements and connections when a node is seen to be something else. */
export class Consequences {
  readonly #options: ConsequencesOptions
  /** Who was last seen at each address. */
  readonly #servers = new Map<NodeId, string>()

  constructor(options: ConsequencesOptions) {
    this.#options = options
  }

  draw(changes: readonly NodeChange[], snapshot: Snapshot): void {
    for (const change of changes) this.#follow(change)
    for (const view of snapshot.nodes) this.#identify(view)
    this.#leaveBehind(snapshot)
  }

  /**
   * A new connection to a replica leads to the server that is watched there, or else several share the address: then nothing
   * that is known of one is true of another.
   */
  opened(id: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void {
    const { cluster, nodes, platform, roster, sessions, settings, transitions } = this.#options
    const role = transitions.lastRoleOf(id)
    // Ahead of the application's listeners, which may read what is announced.
    client.prependListener('notification', () => sessions.synchronized())
    // What a connection to the primary begins with matters to floors, and to what is temporary.
    if (role === 'primary') return settings.opened(client, (commit) => sessions.opened(commit), proceed)
    if (role !== 'replica') return proceed()
    if (nodes.configOf(id)?.isBalanced === true) return proceed()
    let found: string | undefined
    const question = whoAnswers(client, platform, (observation) => {
      found = observation?.serverIdentity
      return undefined
    })
    exchange(client, { before: [question] }, () => {
      if (found === undefined || found === this.#servers.get(id)) return proceed()
      // Or it has been started anew since it was probed.
      void cluster.lookAt(id).then((view) => {
        const watched = view?.state.name === 'up' ? view.state.observation.serverIdentity : undefined
        if (watched === found) return proceed()
        if (watched !== undefined) roster.share(id)
        proceed(unfitError(id))
      })
    })
  }

  /** What is known of the server that is there now is not true of one that connections lead to from before. */
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
    // Wherever the primary went, it may not be in the list.
    if (from === 'primary' && to !== 'pending') void roster.look()
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
