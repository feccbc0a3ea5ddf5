import { reaches, shows, type Position } from '../consistency/position.ts'
import type { SeenRead } from '../consistency/session.ts'
import { shownUpTo } from '../consistency/shown-up-to.ts'
import type { Freshness } from '../routing/route.ts'
import type { Observation } from '../topology/node.ts'
import type { Lag, NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Rejection } from './query-plan.ts'

/**
 * Returns the reason why `node` may not serve a read that needs `freshness`, regardless of its recent failures;
 * `undefined` when it may.
 */
export function rejectionOf(
  node: NodeView,
  freshness: Freshness,
  snapshot: Snapshot,
  nowMs: number,
): Rejection | undefined {
  if (node.state.name !== 'up') return node.state.name
  if (node.exclusion !== undefined) return node.exclusion
  if (node.weight === 0) return 'drained'
  // The other checks apply to the server that a connection reaches.
  if (node.isBalanced === true) return undefined
  if (node.lag === undefined) return 'lag-unknown'
  if (node.isTooFarBehind === true) return 'too-far-behind'
  if (!isRecent(node.lag, freshness, snapshot, nowMs)) return 'lagging'
  const { position, after, sinceMs } = freshness
  const { observation } = node.state
  if (sinceMs !== undefined && node.lag.freshAsOfMs < sinceMs) return 'behind-session'
  const { lag } = node
  if (position !== undefined && !isAt(observation, lag, position)) return 'behind-session'
  const isBehind = after?.some((read) => !isAfter(observation, lag, read, snapshot)) === true
  return isBehind ? 'behind-session' : undefined
}

/** Whether a replica shows everything up to a position, by its own position or by its freshness. */
function isAt(observation: Observation, lag: Lag, wanted: Position): boolean {
  return hasReached(observation, wanted) || (lag.shows !== undefined && shows(lag.shows, wanted))
}

/** Whether the server of an observation has replayed up to a position. */
export function hasReached({ lsn, timeline, systemIdentifier }: Observation, wanted: Position): boolean {
  if (lsn === undefined || timeline === undefined || systemIdentifier !== wanted.systemIdentifier)
    return false
  return reaches({ timeline, lsn }, wanted)
}

/**
 * Whether the candidate shows everything that an earlier read may have seen. Replay only moves forward, so the server
 * of that read always does. Another server does once it shows everything that the primary had flushed after the read.
 * It also does once it has replayed a position that covers what the server of that read had shown by then. Servers that
 * have left the cluster need no check here: the session's position covers what they showed.
 */
function isAfter(candidate: Observation, lag: Lag, read: SeenRead, { nodes }: Snapshot): boolean {
  const { atMs, serverIdentity, upTo } = read
  if (serverIdentity === undefined || candidate.serverIdentity === serverIdentity) return true
  if (lag.freshAsOfMs >= atMs) return true
  if (upTo !== undefined) return isAt(candidate, lag, upTo)
  for (const { state } of nodes) {
    if (state.name !== 'up' || state.observation.serverIdentity !== serverIdentity) continue
    const shown = state.observation.sentAtMs < atMs ? undefined : shownUpTo(state.observation)
    return shown !== undefined && isAt(candidate, lag, shown)
  }
  return false
}

function isRecent({ freshAsOfMs }: Lag, freshness: Freshness, { primary }: Snapshot, nowMs: number): boolean {
  const { maxStalenessMs, withoutPrimarySinceMs } = freshness
  if (maxStalenessMs === undefined || nowMs - freshAsOfMs < maxStalenessMs) return true
  return primary === undefined && withoutPrimarySinceMs !== undefined && freshAsOfMs >= withoutPrimarySinceMs
}
