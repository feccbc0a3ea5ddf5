import { discoveredNodes } from '../config/nodes.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { DiscoveryLoop } from '../discovery/loop.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { Tell } from '../observability/tell.ts'
import type { Platform } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface RosterOptions {
  readonly resolved: ResolvedOptions
  readonly platform: Platform
  readonly nodes: NodeSet
  readonly cluster: WatchedCluster
  readonly tell: Tell
  /**
   * Called when the list was replaced. `connected`: its nodes, and those removed from it that still have connections.
   */
  readonly listed: (ids: ReadonlySet<NodeId>, connected: ReadonlySet<NodeId>) => void
  /** Called when a node was removed. `answered`: it was up until then. */
  readonly removed: (id: NodeId, answered: boolean) => void
}

/** The list of nodes, from the options, `setNodes()` or discovery. */
export class Roster {
  readonly #options: RosterOptions
  readonly #discovery: DiscoveryLoop | undefined
  /** Nodes that turned out to be shared addresses, regardless of their options. */
  readonly #shared = new Set<NodeId>()

  constructor(options: RosterOptions) {
    this.#options = options
    const { platform, resolved } = options
    const {
      adopt = (config: NodeConfig): NodeConfig => config,
      discovery,
      pgOptions,
      probeTimeoutMs,
    } = resolved
    if (discovery === undefined) return
    this.#discovery = new DiscoveryLoop({
      discovery,
      known: { query: (sql) => this.#query(sql), now: () => platform.now() },
      platform,
      timeoutMs: 2 * probeTimeoutMs,
      onNodes: (found) => this.set(discoveredNodes(pgOptions, found).map(adopt)),
      onFailed: (failure) => options.tell('discoveryFailed', failure),
    })
  }

  /** Runs the discovery, if any, now and from then on at its interval. */
  async look(): Promise<void> {
    await this.#discovery?.refreshNow()
  }

  /** Replaces the nodes. A removed node finishes its statements. */
  set(given: readonly NodeConfig[]): void {
    const { cluster, listed, nodes, removed, tell } = this.#options
    const configs = given.map((config) => this.#asFound(config))
    const before = [...nodes].map(({ id }) => id)
    const seen = cluster.snapshot.nodes
    nodes.set(configs)
    cluster.setNodes(configs)
    const after = new Set(configs.map(({ id }) => id))
    const gone = before.filter((id) => !after.has(id))
    const { connected } = nodes
    retain(this.#shared, connected)
    listed(after, connected)
    for (const id of gone) {
      removed(
        id,
        seen.some((node) => node.id === id && node.state.name === 'up'),
      )
    }
    const added = [...after].filter((id) => !before.includes(id))
    tell('nodesChanged', { added, removed: gone })
  }

  /** Treats a node as a shared address from now on, with new connections, when several servers were found there. */
  share(id: NodeId): void {
    const { cluster, nodes, tell } = this.#options
    if (this.#shared.has(id)) return
    this.#shared.add(id)
    const configs = [...nodes].flatMap((node) => nodes.configOf(node.id) ?? [])
    const found = configs.map((config) => this.#asFound(config))
    nodes.set(found)
    cluster.setNodes(found)
    tell('addressShared', { node: id })
  }

  /** Stops the discovery until the next `look`. */
  rest(): void {
    this.#discovery?.rest()
  }

  close(): void {
    this.#discovery?.close()
  }

  /** Runs a query on the primary, or else on any server that answers. */
  async #query(sql: string): Promise<readonly (string | null)[]> {
    const { cluster } = this.#options
    const isUp = ({ state }: NodeView): boolean => state.name === 'up'
    if (!cluster.snapshot.nodes.some(isUp)) await cluster.look()
    const { nodes, primary } = cluster.snapshot
    for (const { state } of [...(primary === undefined ? [] : [primary]), ...nodes]) {
      if (state.name !== 'up') continue
      const row = await cluster.questions.ask(sql, state.observation.serverIdentity)
      if (row !== undefined) return row
    }
    const message = 'Discovery: no server that is known answers the query'
    throw new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', message, { retryable: true })
  }

  #asFound(config: NodeConfig): NodeConfig {
    return this.#shared.has(config.id) ? { ...config, isBalanced: true } : config
  }
}
