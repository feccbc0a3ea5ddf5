import { reaches, type Position } from '../consistency/position.ts'
import type { SeenRead } from '../consistency/session.ts'
import type { Freshness } from '../routing/route.ts'
import type { Observation } from '../topology/node.ts'
import type { Lag, NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Rejection } from './query-plan.ts'

/** Why `node` may not serve a read that needs `freshness`, whatever its recent record; `undefined` when it may. */
export function rejectionOf(
  node: NodeView,
  freshness: Freshness,
  snapshot: Snapshot,
  nowMs: number,
): Rejection | undefined {
  if (node.state.name !== 'up') return node.state.name
  if (node.exclusion !== undefined) return node.exclusion
  if (node.weight === 0) return 'drained'
  // The rest is a matter of the server that a connection reaches.
  if (node.isBalanced === true) return undefined
  if (node.lag === undefined) return 'lag-unknown'
  if (node.isTooFarBehind === true) return 'too-far-behind'
  if (!isRecent(node.lag, freshness, snapshot, nowMs)) return 'lagging'
  const { position, after } = freshness
  const { observation } = node.state
  if (position !== undefined && !hasReached(observation, position)) return 'behind-session'
  const isBehind = after?.some((read) => !isAfter(observation, read, snapshot)) === true
  return isBehind ? 'behind-session' : undefined
}

function hasReached({ lsn, timeline, systemIdentifier }: Observation, wanted: Position): boolean {
  if (lsn === undefined || timeline === undefined || systemIdentifier !== wanted.systemIdentifier)
    return false
  return reaches({ timeline, lsn }, wanted)
}

/**
 * Replay only moves forward, so the server that the session read from last shows what it showed then. Any other does when
 * it has come as far as that one was seen to be after the read. What servers have shown that are gone lies before the
 * session's position.
 */
function isAfter(candidate: Observation, { serverIdentity, atMs }: SeenRead, { nodes }: Snapshot): boolean {
  if (serverIdentity === undefined || candidate.serverIdentity === serverIdentity) return true
  for (const { state } of nodes) {
    if (state.name !== 'up' || state.observation.serverIdentity !== serverIdentity) continue
    const { lsn, timeline, sentAtMs, systemIdentifier } = state.observation
    if (sentAtMs < atMs || lsn === undefined || timeline === undefined) return false
    return hasReached(candidate, { systemIdentifier, timeline, lsn })
  }
  return false
}

function isRecent({ freshAsOfMs }: Lag, freshness: Freshness, { primary }: Snapshot, nowMs: number): boolean {
  const { maxStalenessMs, sinceMs, withoutPrimarySinceMs } = freshness
  if (sinceMs !== undefined && freshAsOfMs < sinceMs) return false
  if (maxStalenessMs === undefined || nowMs - freshAsOfMs < maxStalenessMs) return true
  return primary === undefined && withoutPrimarySinceMs !== undefined && freshAsOfMs >= withoutPrimarySinceMs
}
