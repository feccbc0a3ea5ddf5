import type { KnownNode, Memory } from './memory.ts'
import type { NodeId, Observation } from './node.ts'
import type { Exclusion } from './snapshot.ts'

/** Who counts in the cluster. */
export interface Standing {
  readonly exclusions: ReadonlyMap<NodeId, Exclusion>
  /** The servers that take writes and are not excluded, as far as is known: one is the primary, more are a conflict. */
  readonly writable: readonly NodeId[]
}

interface Answered {
  readonly id: NodeId
  readonly observation: Observation
}

/**
 * Excludes what belongs to another cluster, merges the names of one server, and fences: of several servers that take
 * writes the one on the newest timeline counts, and none that is on an older one than was ever seen, even when it is
 * alone. Nodes are in configured order, and of two names of one server the first counts.
 */
export function standingOf(nodes: readonly KnownNode[], memory: Memory): Standing {
  const exclusions = new Map<NodeId, Exclusion>()
  const servers = new Set<string>()
  const candidates: Answered[] = []
  for (const { id, isBalanced, state } of nodes) {
    if (state.name !== 'up') continue
    const { observation } = state
    if (observation.systemIdentifier !== memory.systemIdentifier) exclusions.set(id, 'foreign-cluster')
    // Any of its servers may have a name of its own besides, and none is written to by way of it.
    else if (isBalanced) continue
    else if (servers.has(observation.serverIdentity)) exclusions.set(id, 'same-server')
    else if (observation.role === 'primary') candidates.push({ id, observation })
    servers.add(observation.serverIdentity)
  }
  const newest = keep(candidates, exclusions, 'old-timeline', isOnNewestTimeline(candidates, memory))
  const writable = newest.some(({ observation }) => observation.isReadOnly !== true)
    ? keep(newest, exclusions, 'read-only', ({ observation }) => observation.isReadOnly !== true)
    : newest
  const rivals = writable.length === 0 ? [] : rivalsAmong(nodes, servers, memory)
  return { exclusions, writable: [...writable, ...rivals].map(({ id }) => id) }
}

/** A suspicion settles no conflict: those that took writes a moment ago, on a timeline that counts, and may do so still. */
function rivalsAmong(
  nodes: readonly KnownNode[],
  servers: ReadonlySet<string>,
  memory: Memory,
): readonly Answered[] {
  const candidates = nodes.flatMap(({ id, isBalanced, state }): readonly Answered[] => {
    const observation = state.name === 'suspected' && !isBalanced ? state.last : undefined
    const counts =
      observation?.role === 'primary' &&
      observation.isReadOnly !== true &&
      observation.systemIdentifier === memory.systemIdentifier &&
      !servers.has(observation.serverIdentity)
    return counts ? [{ id, observation }] : []
  })
  return candidates.filter(isOnNewestTimeline(candidates, memory))
}

/** One that cannot tell its timeline loses against any that can, and counts only among its like. */
function isOnNewestTimeline(
  candidates: readonly Answered[],
  { newestTimeline }: Memory,
): (candidate: Answered) => boolean {
  const canTell = candidates.some(({ observation }) => observation.timeline !== undefined)
  return ({ observation: { timeline } }) =>
    timeline === undefined ? !canTell : newestTimeline === undefined || timeline >= newestTimeline
}

/** Those that pass `test`; the others are excluded. */
function keep(
  candidates: readonly Answered[],
  exclusions: Map<NodeId, Exclusion>,
  exclusion: Exclusion,
  test: (candidate: Answered) => boolean,
): readonly Answered[] {
  return candidates.filter((candidate) => {
    const passes = test(candidate)
    if (!passes) exclusions.set(candidate.id, exclusion)
    return passes
  })
}
