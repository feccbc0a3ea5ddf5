import type { Freshness } from '../routing/route.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Rejection } from './query-plan.ts'

/** Why `node` may not serve a read that needs `freshness`; `undefined` when it may. */
export function rejectionOf(node: NodeView, freshness: Freshness, nowMs: number): Rejection | undefined {
  if (node.state.name !== 'up') return node.state.name
  if (node.exclusion !== undefined) return node.exclusion
  if (freshness.kind === 'newest') return 'lagging'
  if (node.lag === undefined) return 'lag-unknown'
  return nowMs - node.lag.freshAsOfMs < freshness.maxStalenessMs ? undefined : 'lagging'
}
