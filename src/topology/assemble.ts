import type { KnownNode } from './memory.ts'
import type { Observation } from './node.ts'
import type { Lag, NodeView, Snapshot } from './snapshot.ts'
import type { Standing } from './standing.ts'

/** Lag of a replica, computed from its own observations and the primary's. */
export interface ReplicaLag {
  readonly lag: Lag | undefined
  readonly isTooFarBehind: boolean
}

/** Builds the snapshot from the nodes' states. Calls `lagOf` only for replicas that are in use. */
export function assemble(
  nodes: readonly KnownNode[],
  { exclusions, writable }: Standing,
  lagOf: (node: KnownNode, replica: Observation) => ReplicaLag,
): Snapshot {
  // Without a primary the last known lag still holds. With two, it is unknown whose lag it would be.
  const isConflict = writable.length > 1

  const views = nodes.map((node): NodeView => {
    const { id, weight, tags, isBalanced, state } = node
    const named = {
      id,
      weight,
      ...(tags === undefined ? {} : { tags }),
      ...(isBalanced === undefined ? {} : { isBalanced }),
    }
    if (state.name !== 'up') return { ...named, role: 'unknown', state }
    const exclusion = exclusions.get(id)
    const role = isBalanced ? 'replica' : state.observation.role
    const view: NodeView = { ...named, role, state }
    if (exclusion !== undefined) return { ...view, exclusion }
    if (isConflict || role !== 'replica' || isBalanced) return view
    const { lag, isTooFarBehind } = lagOf(node, state.observation)
    return {
      ...view,
      ...(lag === undefined ? {} : { lag }),
      ...(isTooFarBehind ? { isTooFarBehind } : {}),
    }
  })

  const takeWrites = views.filter(({ id }) => writable.includes(id))
  const [primary] = takeWrites
  if (primary === undefined) return { nodes: views }
  return isConflict ? { nodes: views, conflict: takeWrites } : { nodes: views, primary }
}
