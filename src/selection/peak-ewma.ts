import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer, Moment } from './balancer.ts'
import { NodeTable } from './node-table.ts'
import { betterOfTwo } from './power-of-two-choices.ts'
import { drawn } from './weighted-random.ts'

export interface PeakEwmaOptions {
  /**
   * After this time a slow answer counts for a third of what it did (1/e), in milliseconds, above 0.
   * @defaultValue 10000
   */
  readonly decayMs?: number
}

/** How slow a node was, as times of what was to be expected. */
interface Peak {
  readonly slowness: number
  readonly atMs: number
}

/** A node of which nothing is known gets one read; more only when all others are very busy. */
const UNKNOWN_COST = 1000
/** A smaller difference is chance: without this all reads of a quiet hour would go to one of equal replicas. */
const TOLERANCE = 1.5

/**
 * Peak EWMA, as in Finagle: draws two replicas, by weight, and takes the one with the lower product of slowness and reads
 * in flight. A slow answer counts at once and in full, a fast one little by little, and what is not asked any more is
 * forgiven with time: then a read or two show how it is now.
 *
 * Slowness is measured against what reads of the same text took elsewhere, so that a long report says nothing ill of the
 * replica that it ran on.
 */
export function peakEwma({ decayMs = 10_000 }: PeakEwmaOptions = {}): Balancer {
  if (!(decayMs > 0)) {
    throw new RangeError(`Option "decayMs" of peakEwma() must be a number above 0; received ${decayMs}`)
  }
  const peaks = new NodeTable<Peak>()
  const since = (atMs: number, nowMs: number): number => Math.exp(-Math.max(0, nowMs - atMs) / decayMs)

  const costOf = ({ id, weight }: NodeView, { inFlight, nowMs }: Moment): number => {
    const pending = inFlight(id)
    const peak = peaks.get(id)
    if (peak === undefined) return pending === 0 ? 0 : UNKNOWN_COST + pending
    return peak.slowness * since(peak.atMs, nowMs) * (pending / weight + 1)
  }

  return {
    order(candidates, moment) {
      return betterOfTwo(drawn(candidates, moment.random), (node) => costOf(node, moment), TOLERANCE)
    },
    ended({ id }, { answered, elapsedMs, expectedMs }, nowMs) {
      const peak = peaks.get(id)
      const kept = peak === undefined ? 0 : since(peak.atMs, nowMs)
      const before = (peak?.slowness ?? 0) * kept
      const now = elapsedMs / expectedMs
      // That it failed soon does not make a node fast.
      const seen = answered ? now : Math.max(now, before, 1)
      peaks.set(id, { slowness: seen >= before ? seen : before + seen * (1 - kept), atMs: nowMs })
    },
  }
}
