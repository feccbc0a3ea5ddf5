import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer, BalancerContext } from './balancer.ts'
import { NodeTable } from './node-table.ts'
import { betterOfTwo } from './power-of-two-choices.ts'
import { drawn } from './weighted-random.ts'

/**
 * Options of `peakEwma()`.
 *
 * @example
 * const options: PeakEwmaOptions = { decayMs: 5000 }
 */
export interface PeakEwmaOptions {
  /**
   * Maximum time constant of the decay of a replica's slowness while it gets no reads, in milliseconds, above 0.
   * After this time 1/e of its logarithm is left. After a first slow answer it is a twentieth of this, and doubles
   * while the answers stay slow.
   * @defaultValue 10000
   */
  readonly decayMs?: number
}

/** Slowness of a node: the logarithm of the ratio of measured to expected time. */
interface Peak {
  readonly slowness: number
  readonly atMs: number
  /** Time constant of its decay, in milliseconds. */
  readonly decayMs: number
  /** When slow answers last made that longer. */
  readonly longerAtMs: number
}

/**
 * Cost of a node without measurements and with a read in flight: it gets one read, and more only when all others are
 * busy.
 */
const UNKNOWN_COST = 1000
/** Resolution of the clock, in milliseconds. */
const SHORTEST_MS = 0.01
/** A smaller ratio of costs counts as noise. Otherwise equal replicas under low load would get very unequal shares. */
const TOLERANCE = 1.5
/** Smoothing factors for an answer slower than the average, and for a faster one. */
const RISE = 0.3
const FALL = 0.1
/**
 * Share of the longest time constant that a first slow answer gets: it may come of a new connection or a cold cache.
 */
const FIRST_SHARE = 0.05
/** Number of reads in flight at all replicas from which each has enough to send together. */
const FEW_READS = 32
/** Slowness beyond which an answer is slow. */
const SLOW = Math.log(TOLERANCE)

/**
 * Peak EWMA, after Finagle's: draws two replicas, by weight, and takes the one with the lower product of slowness and
 * reads in flight. A slow answer counts more than a fast one. Slowness decays with time, so that a slow replica gets a
 * few reads again that measure it. They come soon after the first slow answer, and more rarely the more often they
 * confirm it.
 *
 * Unlike Finagle's, slowness is relative to reads of the same text on other nodes. So a long report does not count
 * against the replica that ran it. It is kept as a ratio: a pause of this process slows all replicas at once and must
 * not make them look equal.
 *
 * While few reads are in flight, one that can share a connection joins others, unless that replica is slow.
 *
 * @example
 * new Pool({
 *   host: 'primary',
 *   replicas: ['postgres://app@r1/shop'],
 *   balancer: peakEwma({ decayMs: 5000 }),
 * })
 */
export function peakEwma({ decayMs: longestMs = 10_000 }: PeakEwmaOptions = {}): Balancer {
  if (!(longestMs > 0)) {
    throw new RangeError(`Option "decayMs" of peakEwma() must be a number above 0; received ${longestMs}`)
  }
  const shortestMs = longestMs * FIRST_SHARE
  const peaks = new NodeTable<Peak>()
  const now = ({ slowness, atMs, decayMs }: Peak, nowMs: number): number =>
    slowness * Math.exp(-Math.max(0, nowMs - atMs) / decayMs)

  const costOf = ({ id, weight }: NodeView, { inFlight, nowMs }: BalancerContext): number => {
    const pending = inFlight(id)
    const peak = peaks.get(id)
    if (peak === undefined) return pending === 0 ? 0 : UNKNOWN_COST + pending
    return Math.exp(now(peak, nowMs)) * (pending / weight + 1)
  }

  /** Returns the replica at which a read joins others, unless it is slow, or there are enough of them for all. */
  const joinedOf = (
    candidates: readonly NodeView[],
    { inFlight, joins, nowMs }: BalancerContext,
  ): NodeView | undefined => {
    if (joins === undefined) return undefined
    const peak = peaks.get(joins)
    if (peak === undefined || now(peak, nowMs) >= SLOW) return undefined
    let reads = 0
    for (const { id } of candidates) reads += inFlight(id)
    return reads < FEW_READS ? candidates.find(({ id }) => id === joins) : undefined
  }

  return {
    order(candidates, context) {
      const joined = joinedOf(candidates, context)
      if (joined !== undefined) return [joined, ...candidates.filter((node) => node !== joined)]
      return betterOfTwo(drawn(candidates, context.random), (node) => costOf(node, context), TOLERANCE)
    },
    ended({ id }, { answered, elapsedMs, expectedMs }, nowMs) {
      const peak = peaks.get(id)
      const seen = Math.log(Math.max(elapsedMs, SHORTEST_MS) / Math.max(expectedMs, SHORTEST_MS))
      const before = peak === undefined ? Math.max(0, seen) : now(peak, nowMs)
      // A quick failure does not make a node fast.
      const counted = answered ? seen : Math.max(seen, before)
      const slowness = before + (counted > before ? RISE : FALL) * (counted - before)
      peaks.set(id, { slowness, atMs: nowMs, ...decayAfter(peak, counted > SLOW, nowMs) })
    },
  }

  function decayAfter(
    peak: Peak | undefined,
    isSlow: boolean,
    nowMs: number,
  ): Pick<Peak, 'decayMs' | 'longerAtMs'> {
    const { decayMs = shortestMs, longerAtMs = nowMs } = peak ?? {}
    if (!isSlow) return { decayMs: Math.max(shortestMs, decayMs / 2), longerAtMs }
    // Reads that were slow together are one observation.
    if (nowMs - longerAtMs < decayMs) return { decayMs, longerAtMs }
    return { decayMs: Math.min(longestMs, 2 * decayMs), longerAtMs: nowMs }
  }
}
