import type { NodeId } from '../topology/node.ts'
import { isSameWay, type NodeConfig, type ServerNode } from './server-node.ts'

/** The cluster's current nodes with their connections. */
export class NodeSet implements Iterable<ServerNode> {
  readonly #open: (config: NodeConfig) => ServerNode
  readonly #nodes = new Map<NodeId, { readonly config: NodeConfig; readonly node: ServerNode }>()
  /** Removed nodes that may still have connections. */
  #leaving: readonly ServerNode[] = []

  /** @param open Creates a node's connections; must do no I/O. */
  constructor(configs: readonly NodeConfig[], open: (config: NodeConfig) => ServerNode) {
    this.#open = open
    this.set(configs)
  }

  get(id: NodeId): ServerNode | undefined {
    return this.#nodes.get(id)?.node
  }

  configOf(id: NodeId): NodeConfig | undefined {
    return this.#nodes.get(id)?.config
  }

  /** Number of connections to a node. */
  connectionsOf(id: NodeId): { readonly total: number; readonly idle: number; readonly waiting: number } {
    const { totalCount = 0, idleCount = 0, waitingCount = 0 } = this.get(id) ?? {}
    return { total: totalCount, idle: idleCount, waiting: waitingCount }
  }

  /** Whether any connection is leased or requested. */
  get isInUse(): boolean {
    for (const { totalCount, idleCount, waitingCount } of this) {
      if (totalCount > idleCount || waitingCount > 0) return true
    }
    return false
  }

  /** Whether no connection is open or requested. */
  get isEmpty(): boolean {
    return ![...this].some(hasConnections)
  }

  /** Nodes of the list, and those removed from it that still have connections. */
  get connected(): ReadonlySet<NodeId> {
    return new Set([...this, ...this.#leaving.filter(hasConnections)].map(({ id }) => id))
  }

  *[Symbol.iterator](): Iterator<ServerNode> {
    for (const { node } of this.#nodes.values()) yield node
  }

  /** Replaces the nodes. A node with the same id and options keeps its connections; a removed one is drained. */
  set(configs: readonly NodeConfig[]): void {
    const before = new Map(this.#nodes)
    this.#nodes.clear()
    for (const config of configs) {
      const known = before.get(config.id)
      const stays = known !== undefined && isSameWay(known.config, config)
      this.#nodes.set(config.id, { config, node: stays ? known.node : this.#open(config) })
      if (stays) before.delete(config.id)
    }
    const removed = [...before.values()].map(({ node }) => node)
    for (const node of removed) node.drain()
    this.#leaving = [...this.#leaving, ...removed].filter(hasConnections)
  }

  async end(): Promise<void> {
    await Promise.all([...this].map((node) => node.end()))
  }
}

function hasConnections({ totalCount, waitingCount }: ServerNode): boolean {
  return totalCount + waitingCount > 0
}
