import type { NodeId } from '../topology/node.ts'

/** Maximum number of entries; no cluster has so many nodes. */
const MOST_NODES = 256

/**
 * State that a balancer keeps for each node. Nodes come and go under changing addresses, and no event reports that one
 * is gone permanently. So beyond a bound the oldest entry is dropped. A living node loses only what was learned of it.
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
