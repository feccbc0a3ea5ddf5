import type { NodeId } from '../topology/node.ts'
import { isSameWay, type NodeConfig, type ServerNode } from './server-node.ts'

/** The cluster's nodes, each with its connections. They may come and go. */
export class NodeSet implements Iterable<ServerNode> {
  readonly #open: (config: NodeConfig) => ServerNode
  readonly #nodes = new Map<NodeId, { readonly config: NodeConfig; readonly node: ServerNode }>()

  /** @param open Makes a node's connections; must do no I/O. */
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

  /** How many connections there are to this node. */
  connectionsOf(id: NodeId): { readonly total: number; readonly idle: number; readonly waiting: number } {
    const { totalCount = 0, idleCount = 0, waitingCount = 0 } = this.get(id) ?? {}
    return { total: totalCount, idle: idleCount, waiting: waitingCount }
  }

  /** Whether somebody has a connection, or waits for one. */
  get isInUse(): boolean {
    for (const { totalCount, idleCount, waitingCount } of this) {
      if (totalCount > idleCount || waitingCount > 0) return true
    }
    return false
  }

  *[Symbol.iterator](): Iterator<ServerNode> {
    for (const { node } of this.#nodes.values()) yield node
  }

  /** A node that stays, by id and options, keeps its connections. One that goes is drained: nothing is cut. */
  set(configs: readonly NodeConfig[]): void {
    const before = new Map(this.#nodes)
    this.#nodes.clear()
    for (const config of configs) {
      const known = before.get(config.id)
      const stays = known !== undefined && isSameWay(known.config, config)
      this.#nodes.set(config.id, { config, node: stays ? known.node : this.#open(config) })
      if (stays) before.delete(config.id)
    }
    for (const { node } of before.values()) node.drain()
  }

  async end(): Promise<void> {
    await Promise.all([...this].map((node) => node.end()))
  }
}
