import type { NodeId } from '../topology/node.ts'

/** More nodes than a cluster has. */
const MOST_NODES = 256

/**
 * What a balancer remembers of each node. Nodes come and go, under ever new addresses, and nobody says when one is gone for
 * good: beyond a bound the one that came first is forgotten, which costs a living node no more than what was learned of it.
 */
export class NodeTable<T> {
  readonly #entries = new Map<NodeId, T>()

  get size(): number {
    return this.#entries.size
  }

  get(id: NodeId): T | undefined {
    return this.#entries.get(id)
  }

  set(id: NodeId, entry: T): void {
    this.#entries.set(id, entry)
    if (this.#entries.size <= MOST_NODES) return
    const [first] = this.#entries.keys()
    if (first !== undefined) this.#entries.delete(first)
  }
}
