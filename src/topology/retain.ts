import type { NodeId } from './node.ts'

/**
 * Drops what is kept for all nodes but these. To be called with each new list of nodes: they come and go under ever new
 * addresses. A statement that ends late may note something about a node that is gone.
 */
export function retain(kept: Map<NodeId, unknown> | Set<NodeId>, ids: ReadonlySet<NodeId>): void {
  for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id)
}
