import type { KnownNode, Memory } from './memory.ts'
import { isOfCluster, type NodeId, type Observation } from './node.ts'
import type { Exclusion } from './snapshot.ts'

/** The nodes that take writes, and those that are excluded. */
export interface Standing {
  readonly exclusions: ReadonlyMap<NodeId, Exclusion>
  /** The nodes that take writes and are not excluded. One is the primary; more are a conflict. */
  readonly writable: readonly NodeId[]
}

interface Answered {
  readonly id: NodeId
  readonly observation: Observation
}

/**
 * Excludes servers of other clusters and second names of the same server, and fences old primaries. Of several servers
 * that take writes, only those on the newest timeline count. One on a timeline older than the newest ever seen does not
 * count, even when it is the only one. Nodes are in configured order; of two names of one server the first counts.
 */
export function standingOf(nodes: readonly KnownNode[], memory: Memory): Standing {
  const exclusions = new Map<NodeId, Exclusion>()
  const servers = new Set<string>()
  const candidates: Answered[] = []
  for (const { id, isBalanced, state } of nodes) {
    if (state.name !== 'up') continue
    const { observation } = state
    if (!isOfCluster(observation, memory.systemIdentifier)) exclusions.set(id, 'foreign-cluster')
    // Its servers may also be listed under names of their own, and writes never go through a shared address.
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

/**
 * Suspected primaries on a timeline that counts. They may still take writes, so a suspicion does not resolve a
 * conflict.
 */
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
      isOfCluster(observation, memory.systemIdentifier) &&
      !servers.has(observation.serverIdentity)
    return counts ? [{ id, observation }] : []
  })
  return candidates.filter(isOnNewestTimeline(candidates, memory))
}

/** A server whose timeline is unknown counts only when no candidate's timeline is known. */
function isOnNewestTimeline(
  candidates: readonly Answered[],
  { newestTimeline }: Memory,
): (candidate: Answered) => boolean {
  const canTell = candidates.some(({ observation }) => observation.timeline !== undefined)
  return ({ observation: { timeline } }) =>
    timeline === undefined ? !canTell : newestTimeline === undefined || timeline >= newestTimeline
}

/** Returns the candidates that pass `test` and excludes the others. */
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
