import { discoveredNodes } from './config/nodes.ts'
import type { Settings } from './config/settings.ts'
import { DiscoveryLoop, type DiscoveryFailure } from './discovery/loop.ts'
import type { NodeSet } from './nodes/node-set.ts'
import type { NodeConfig } from './nodes/server-node.ts'
import type { Platform } from './platform/platform.ts'
import type { NodeId } from './topology/node.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface RosterOptions {
  readonly settings: Settings
  readonly platform: Platform
  readonly nodes: NodeSet
  readonly cluster: WatchedCluster
  readonly changed: (added: readonly NodeId[], removed: readonly NodeId[]) => void
  /** This node is no longer one of the cluster's. `answered`: it was well to the end. */
  readonly removed: (id: NodeId, answered: boolean) => void
  readonly discoveryFailed: (failure: DiscoveryFailure) => void
}

/** Which nodes there are: as configured, as the application says, or as they are discovered. */
export class Roster {
  readonly #options: RosterOptions
  readonly #discovery: DiscoveryLoop | undefined

  constructor(options: RosterOptions) {
    this.#options = options
    const { platform, settings } = options
    const { discovery, pgOptions, probeTimeoutMs } = settings
    if (discovery === undefined) return
    this.#discovery = new DiscoveryLoop({
      discovery,
      platform,
      timeoutMs: 2 * probeTimeoutMs,
      onNodes: (found) => this.set(discoveredNodes(pgOptions, found)),
      onFailed: options.discoveryFailed,
    })
  }

  /** Looks for the nodes now, where they are discovered; and from then on at an interval. */
  async look(): Promise<void> {
    await this.#discovery?.refreshNow()
  }

  /** These are the nodes from now on. One that goes finishes what it has. */
  set(configs: readonly NodeConfig[]): void {
    const { changed, cluster, nodes, removed } = this.#options
    const before = [...nodes].map(({ id }) => id)
    const seen = cluster.snapshot.nodes
    nodes.set(configs)
    cluster.setNodes(configs)
    const after = new Set(configs.map(({ id }) => id))
    const gone = before.filter((id) => !after.has(id))
    for (const id of gone) {
      removed(
        id,
        seen.some((node) => node.id === id && node.state.name === 'up'),
      )
    }
    changed(
      [...after].filter((id) => !before.includes(id)),
      gone,
    )
  }

  close(): void {
    this.#discovery?.close()
  }
}
