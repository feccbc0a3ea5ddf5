import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer, BalancerContext } from './balancer.ts'
import { NodeTable } from './node-table.ts'
import { betterOfTwo } from './power-of-two-choices.ts'
import { drawn } from './weighted-random.ts'

export interface PeakEwmaOptions {
  /**
   * What is not asked any more is forgiven: after this time a third (1/e) of its slowness, as a logarithm, is left, in
   * milliseconds, above 0.
   * @defaultValue 10000
   */
  readonly decayMs?: number
}

/** How slow a node was, as the logarithm of times of what was to be expected. */
interface Peak {
  readonly slowness: number
  readonly atMs: number
}

/** A node of which nothing is known gets one read; more only when all others are very busy. */
const UNKNOWN_COST = 1000
/** No clock tells shorter times apart, in milliseconds. */
const SHORTEST_MS = 0.01
/** A smaller difference is chance: without this all reads of a quiet hour would go to one of equal replicas. */
const TOLERANCE = 1.5
/** Weight of a slow answer, and of a fast one. */
const RISE = 0.3
const FALL = 0.1

/**
 * Peak EWMA, after Finagle's: draws two replicas, by weight, and takes the one with the lower product of slowness and reads
 * in flight. A slow answer counts more than a fast one, and what is not asked any more is forgiven with time: then a few reads
 * show how it is now.
 *
 * Unlike there, slowness is measured against what reads of the same text took elsewhere, so that a long report says nothing
 * ill of the replica that it ran on; and in proportions, because a pause of this process makes all replicas look slow at once,
 * and must not make them look the same.
 */
export function peakEwma({ decayMs = 10_000 }: PeakEwmaOptions = {}): Balancer {
  if (!(decayMs > 0)) {
    throw new RangeError(`Option "decayMs" of peakEwma() must be a number above 0; received ${decayMs}`)
  }
  const peaks = new NodeTable<Peak>()
  const now = ({ slowness, atMs }: Peak, nowMs: number): number =>
    slowness * Math.exp(-Math.max(0, nowMs - atMs) / decayMs)

  const costOf = ({ id, weight }: NodeView, { inFlight, nowMs }: BalancerContext): number => {
    const pending = inFlight(id)
    const peak = peaks.get(id)
    if (peak === undefined) return pending === 0 ? 0 : UNKNOWN_COST + pending
    return Math.exp(now(peak, nowMs)) * (pending / weight + 1)
  }

  return {
    order(candidates, context) {
      return betterOfTwo(drawn(candidates, context.random), (node) => costOf(node, context), TOLERANCE)
    },
    ended({ id }, { answered, elapsedMs, expectedMs }, nowMs) {
      const peak = peaks.get(id)
      const seen = Math.log(Math.max(elapsedMs, SHORTEST_MS) / Math.max(expectedMs, SHORTEST_MS))
      const before = peak === undefined ? Math.max(0, seen) : now(peak, nowMs)
      // That it failed soon does not make a node fast.
      const counted = answered ? seen : Math.max(seen, before)
      const slowness = before + (counted > before ? RISE : FALL) * (counted - before)
      peaks.set(id, { slowness, atMs: nowMs })
    },
  }
}
