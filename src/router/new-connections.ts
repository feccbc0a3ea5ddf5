import type { PoolClient } from 'pg'
import { standbyError } from '../execution/fenced-error.ts'
import { unfitError } from '../execution/proven-read.ts'
import { askWhetherStandby } from '../execution/standby-proof.ts'
import { whoAnswers } from '../execution/who-answers.ts'
import { exchange } from '../nodes/exchange.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import type { Transitions } from '../observability/transitions.ts'
import type { Platform } from '../platform/platform.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import type { NodeId } from '../topology/node.ts'
import type { Consequences } from './consequences.ts'
import type { Roster } from './roster.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface NewConnectionsOptions {
  readonly platform: Platform
  readonly cluster: Pick<WatchedCluster, 'lookAt' | 'snapshot'>
  readonly consequences: Pick<Consequences, 'serverOf'>
  readonly nodes: Pick<NodeSet, 'configOf'>
  readonly roster: Pick<Roster, 'share'>
  readonly sessions: Pick<SessionKeeper, 'opened' | 'synchronized'>
  readonly settings: Pick<SettingKeeper, 'opened'>
  readonly transitions: Pick<Transitions, 'lastRoleOf'>
}

/** Checks new connections before they are used. */
export class NewConnections {
  readonly #options: NewConnectionsOptions

  constructor(options: NewConnectionsOptions) {
    this.#options = options
  }

  /**
   * Learns the settings that a connection to the primary begins with. Refuses one that reaches a standby, whose rows
   * may be old. Refuses a connection to a replica that reaches another server than the one that is watched there. Then
   * several share the address, and what is known of one does not hold for another.
   */
  readonly opened = (id: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void => {
    const { nodes, sessions, settings, transitions } = this.#options
    const role = transitions.lastRoleOf(id)
    // Ahead of the application's listeners, which may read what is announced.
    client.prependListener('notification', () => sessions.synchronized())
    // The settings that it begins with matter to floors, and to what is temporary.
    if (role === 'primary') {
      return settings.opened(
        client,
        (commit) => sessions.opened(commit),
        (mayBeStandby) => (mayBeStandby ? this.#judge(id, client, proceed) : proceed()),
      )
    }
    if (role !== 'replica' || nodes.configOf(id)?.isBalanced === true) return proceed()
    this.#identify(id, client, proceed)
  }

  /** Refuses a connection to a standby in place of the primary. By then the probes know the roles. */
  #judge(id: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void {
    askWhetherStandby(client, (isStandby) => {
      if (!isStandby) return proceed()
      const refusal = standbyError(id)
      void this.#options.cluster.lookAt(id).then(() => proceed(refusal))
    })
  }

  #identify(id: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void {
    const { cluster, consequences, platform, roster } = this.#options
    let found: string | undefined
    const watchedNode = cluster.snapshot.nodes.find((node) => node.id === id)
    const question = whoAnswers(client, watchedNode, platform, (observation) => {
      found = observation?.serverIdentity
      return undefined
    })
    exchange(client, { before: [question] }, () => {
      if (found === undefined || found === consequences.serverOf(id)) return proceed()
      // The server may have been restarted since it was probed.
      void cluster.lookAt(id).then((view) => {
        const watched = view?.state.name === 'up' ? view.state.observation.serverIdentity : undefined
        if (watched === found) return proceed()
        if (watched !== undefined) roster.share(id)
        proceed(unfitError(id))
      })
    })
  }
}
