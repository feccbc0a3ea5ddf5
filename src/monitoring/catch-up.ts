import type { Observation } from '../topology/node.ts'
import type { CatchUpBounds } from './lag-clock.ts'

/** Estimate of how long one server takes to show what the primary has just committed. */
export interface CatchUp {
  readonly serverIdentity: string
  readonly ms: number
}

/**
 * Maximum delay of a replica that has everything and so no backlog, in milliseconds. An old observation may allow a
 * higher one.
 */
const WITHOUT_BACKLOG_MS = 50

/**
 * Updates the estimate with one observation: it is moved as little as the bounds require. Loose bounds therefore leave
 * it as it is. It begins at the lower bound, and ends with the server's restart.
 */
export function nextCatchUp(
  last: CatchUp | undefined,
  { serverIdentity }: Observation,
  bounds: CatchUpBounds | undefined,
): CatchUp | undefined {
  const known = last?.serverIdentity === serverIdentity ? last : undefined
  if (bounds === undefined) return known
  const { leastMs, mostMs, caughtUpMs } = bounds
  const withoutBacklogMs = caughtUpMs === undefined ? Infinity : Math.max(caughtUpMs, WITHOUT_BACKLOG_MS)
  const ms = Math.min(Math.max(known?.ms ?? 0, leastMs), mostMs, withoutBacklogMs)
  return { serverIdentity, ms }
}
