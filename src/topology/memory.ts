import { isOfCluster, UNTOLD_CLUSTER, type NodeId, type NodeState } from './node.ts'
import type { Tags } from './tags.ts'

/** One configured or discovered node and its current state. */
export interface KnownNode {
  readonly id: NodeId
  readonly weight: number
  readonly tags?: Tags | undefined
  /** Several servers share this address. The state is that of the server that the last probe reached. */
  readonly isBalanced?: true | undefined
  readonly state: NodeState
  /** The last system identifier that it reported. Kept while it does not answer. */
  readonly toldSystemIdentifier: string | undefined
}

/** Facts about the cluster that outlive the nodes that reported them. */
export interface Memory {
  /**
   * System identifier that nodes must have; '0' while no node tells one. Absent while no node has answered, or while
   * the answers conflict.
   */
  readonly systemIdentifier?: string
  /** True once `systemIdentifier` is final. From then on a server with another identifier is excluded. */
  readonly isHeld: boolean
  /** The newest timeline that any node of the cluster has reported. Absent while none has reported one. */
  readonly newestTimeline?: number
}

export const NOTHING_REMEMBERED: Memory = { isHeld: false }

/** Updates the memory from the nodes' states. The nodes are in configured order. */
export function remember(memory: Memory, nodes: readonly KnownNode[]): Memory {
  const systemIdentifier = memory.isHeld ? memory.systemIdentifier : clusterIdentifier(nodes)
  if (systemIdentifier === undefined) return NOTHING_REMEMBERED
  const isSame =
    memory.systemIdentifier !== undefined && isOfCluster({ systemIdentifier }, memory.systemIdentifier)
  const known = isSame ? memory.newestTimeline : undefined
  const newestTimeline = newestOf(nodes, systemIdentifier, known)
  const isDecided =
    systemIdentifier !== UNTOLD_CLUSTER && nodes.every(({ state }) => state.name !== 'pending')
  const isHeld = memory.isHeld || isDecided
  return newestTimeline === undefined
    ? { systemIdentifier, isHeld }
    : { systemIdentifier, isHeld, newestTimeline }
}

/**
 * The system identifier of the first node, in configured order, that has ever answered. It is `undefined` while the
 * answers differ and the first configured node has not answered: its answer decides which server does not belong.
 */
function clusterIdentifier(nodes: readonly KnownNode[]): string | undefined {
  const told = nodes.map((node) => node.toldSystemIdentifier)
  const known = told.filter((each) => each !== undefined && each !== UNTOLD_CLUSTER)
  const isDisputed = known.some((each) => each !== known[0])
  if (isDisputed && told[0] === undefined) return undefined
  return known[0] ?? told.find((each) => each !== undefined)
}

function newestOf(
  nodes: readonly KnownNode[],
  systemIdentifier: string,
  known: number | undefined,
): number | undefined {
  let newest = known
  for (const { state } of nodes) {
    if (state.name !== 'up' || !isOfCluster(state.observation, systemIdentifier)) continue
    const { timeline } = state.observation
    if (timeline !== undefined && (newest === undefined || timeline > newest)) newest = timeline
  }
  return newest
}
