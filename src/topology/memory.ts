import type { NodeId, NodeState } from './node.ts'
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
  /** System identifier that nodes must have. Absent while no node has answered, or while the answers conflict. */
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
  const known = memory.systemIdentifier === systemIdentifier ? memory.newestTimeline : undefined
  const newestTimeline = newestOf(nodes, systemIdentifier, known)
  const isHeld = memory.isHeld || nodes.every(({ state }) => state.name !== 'pending')
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
  const first = told.find((each) => each !== undefined)
  const isDisputed = told.some((each) => each !== undefined && each !== first)
  return isDisputed && told[0] === undefined ? undefined : first
}

function newestOf(
  nodes: readonly KnownNode[],
  systemIdentifier: string,
  known: number | undefined,
): number | undefined {
  let newest = known
  for (const { state } of nodes) {
    if (state.name !== 'up' || state.observation.systemIdentifier !== systemIdentifier) continue
    const { timeline } = state.observation
    if (timeline !== undefined && (newest === undefined || timeline > newest)) newest = timeline
  }
  return newest
}
