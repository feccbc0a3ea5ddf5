import type { NodeId, NodeState, Observation } from './node.ts'
import type { Exclusion, Lag, NodeView, Snapshot } from './snapshot.ts'

export interface KnownNode {
  readonly id: NodeId
  readonly weight: number
  readonly state: NodeState
}

/** The system identifier that the cluster is held to: that of the first node, in configured order, which answered. */
export function clusterIdentifier(nodes: readonly KnownNode[]): string | undefined {
  for (const node of nodes) {
    if (node.state.name === 'up') return node.state.observation.systemIdentifier
  }
  return undefined
}

/**
 * Puts what the probes saw together: excludes what belongs to another cluster, merges the names of one server, finds the
 * primary. Nodes are in configured order, and of two names of one server the first counts.
 */
export function assemble(
  nodes: readonly KnownNode[],
  systemIdentifier: string | undefined,
  lagOf: (replica: Observation) => Lag | undefined,
): Snapshot {
  const exclusions = findExclusions(nodes, systemIdentifier)
  const isWritable = (node: KnownNode): boolean =>
    node.state.name === 'up' && node.state.observation.role === 'primary' && !exclusions.has(node.id)
  // While no primary answers, what was proven before still holds; between two, it would say nothing.
  const isConflict = nodes.filter(isWritable).length > 1

  const views = nodes.map((node): NodeView => {
    const { id, weight, state } = node
    if (state.name !== 'up') return { id, weight, role: 'unknown', state }
    const exclusion = exclusions.get(id)
    const view = { id, weight, role: state.observation.role, state }
    if (exclusion !== undefined) return { ...view, exclusion }
    const lag = !isConflict && view.role === 'replica' ? lagOf(state.observation) : undefined
    return lag === undefined ? view : { ...view, lag }
  })

  const writable = views.filter(isWritable)
  const [primary] = writable
  if (primary === undefined) return { nodes: views }
  return writable.length === 1 ? { nodes: views, primary } : { nodes: views, conflict: writable }
}

function findExclusions(
  nodes: readonly KnownNode[],
  systemIdentifier: string | undefined,
): ReadonlyMap<NodeId, Exclusion> {
  const exclusions = new Map<NodeId, Exclusion>()
  const servers = new Set<string>()
  for (const { id, state } of nodes) {
    if (state.name !== 'up') continue
    const { observation } = state
    if (observation.systemIdentifier !== systemIdentifier) exclusions.set(id, 'foreign-cluster')
    else if (servers.has(observation.serverIdentity)) exclusions.set(id, 'same-server')
    servers.add(observation.serverIdentity)
  }
  return exclusions
}
