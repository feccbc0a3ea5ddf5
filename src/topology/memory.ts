import type { NodeId, NodeState } from './node.ts'
import type { Tags } from './tags.ts'

/** One node, as far as it is known. */
export interface KnownNode {
  readonly id: NodeId
  readonly weight: number
  readonly tags?: Tags | undefined
  /** Several servers share its address: its state is that of whichever the probes reach. */
  readonly isBalanced?: true | undefined
  readonly state: NodeState
  /** The system identifier that it told last, also while it does not answer. */
  readonly toldSystemIdentifier: string | undefined
}

/** What is remembered of the cluster, whatever becomes of the nodes that told it. */
export interface Memory {
  /** The cluster that nodes are held to. Absent while nobody has answered, or while that is undecided. */
  readonly systemIdentifier?: string
  /** True once it is decided for good: from then on a server of another cluster is a stranger. */
  readonly isHeld: boolean
  /** The newest timeline that any node of the cluster was ever on. Absent while none could tell. */
  readonly newestTimeline?: number
}

export const NOTHING_REMEMBERED: Memory = { isHeld: false }

/** The memory after a look at the nodes, which are in configured order. */
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
 * The system identifier of the first node, in configured order, that has ever answered. While those that have disagree and
 * an earlier node has not, it is undecided: that one may show who the stranger is.
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
