import type { Freshness } from '../routing/route.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Rejection } from './query-plan.ts'

/**
 * Why `node` may not serve a read that needs `freshness`, whatever its recent record; `undefined` when it may.
 * @param hasPrimary Whether the cluster has one: without it, nothing is committed.
 */
export function rejectionOf(
  node: NodeView,
  freshness: Freshness,
  hasPrimary: boolean,
  nowMs: number,
): Rejection | undefined {
  if (node.state.name !== 'up') return node.state.name
  if (node.exclusion !== undefined) return node.exclusion
  if (node.weight === 0) return 'drained'
  if (node.lag === undefined) return 'lag-unknown'
  if (node.isTooFarBehind === true) return 'too-far-behind'
  const { freshAsOfMs } = node.lag
  const { maxStalenessMs, withoutPrimarySinceMs } = freshness
  if (nowMs - freshAsOfMs < maxStalenessMs) return undefined
  if (!hasPrimary && withoutPrimarySinceMs !== undefined && freshAsOfMs >= withoutPrimarySinceMs) {
    return undefined
  }
  return 'lagging'
}
