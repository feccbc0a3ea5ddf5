import { lagMs, type Lag } from './snapshot.ts'

/** Bounds of lag. A replica beyond either bound gets no reads. */
export interface MaxLag {
  readonly ms: number
  readonly bytes: number
}

/** Hysteresis: an excluded replica returns when its lag is within this share of both bounds. */
const RETURN_SHARE = 0.5

/**
 * Whether a replica is too far behind. While the lag is unknown, the last judgement stands.
 *
 * @param atMs When the primary last answered a probe (our clock). Lag does not grow after that.
 */
export function isTooFarBehind(was: boolean, lag: Lag | undefined, atMs: number, max: MaxLag): boolean {
  if (lag === undefined) return was
  const share = was ? RETURN_SHARE : 1
  return lagMs(lag, atMs) > max.ms * share || (lag.bytes ?? 0) > max.bytes * share
}
