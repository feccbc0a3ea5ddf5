import { lagMs, type Lag } from './snapshot.ts'

/** How far a replica may be behind before it is left alone. Beyond either it is too far. */
export interface MaxLag {
  readonly ms: number
  readonly bytes: number
}

/** A replica that was too far behind is back when no more than this share of both bounds is left. */
const RETURN_SHARE = 0.5

/**
 * Whether a replica is too far behind. What is not known changes nothing.
 *
 * @param atMs When the primary was last seen: after it the primary is not known to have gone further.
 */
export function isTooFarBehind(was: boolean, lag: Lag | undefined, atMs: number, max: MaxLag): boolean {
  if (lag === undefined) return was
  const share = was ? RETURN_SHARE : 1
  return lagMs(lag, atMs) > max.ms * share || lag.bytes > max.bytes * share
}
