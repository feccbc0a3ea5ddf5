import type { KnownNode } from './memory.ts'
import type { Observation } from './node.ts'
import type { Lag, NodeView, Snapshot } from './snapshot.ts'
import type { Standing } from './standing.ts'

/** What is known of a replica beyond its answers. */
export interface ReplicaLag {
  readonly lag: Lag | undefined
  readonly isTooFarBehind: boolean
}

/** Puts what the probes saw together. Asks for the lag of those replicas only that are used. */
export function assemble(
  nodes: readonly KnownNode[],
  { exclusions, writable }: Standing,
  lagOf: (node: KnownNode, replica: Observation) => ReplicaLag,
): Snapshot {
  // While no primary answers, what was proven before still holds; between two, it would say nothing.
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
