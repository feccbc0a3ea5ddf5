import type { Admission } from '../selection/health.ts'

/** Consecutive failures that eject a node. */
const FAILURES_TO_EJECT = 5
/** Duration of the first ejection, in milliseconds; each further ejection in a row adds the same. */
const EJECTION_MS = 1000
const LONGEST_EJECTION_MS = 30_000
/** Jitter of ejections as a share, so that many processes do not return in step. */
const JITTER = 0.2
/** Time of service after which the ejections in a row are forgotten, in milliseconds. */
const FORGIVEN_AFTER_MS = 60_000
/** Number of concurrent reads after which recovery is complete. */
const FULLY_BACK = 32

/** State of a node's circuit breaker, from the results of its reads. */
export type Breaker =
  | {
      readonly name: 'closed'
      readonly failures: number
      readonly ejections: number
      readonly sinceMs: number
    }
  | { readonly name: 'open'; readonly untilMs: number; readonly ejections: number }
  /** It may have `permits` concurrent reads, and twice as many after that number has been answered. */
  | {
      readonly name: 'half-open'
      readonly permits: number
      readonly answered: number
      readonly ejections: number
    }

export type BreakerEvent =
  | { readonly type: 'answered' }
  /** `chance` is in [0, 1). */
  | { readonly type: 'failed'; readonly chance: number }
  /** The node was down and answers again: its callers must not all return at once. */
  | { readonly type: 'returned' }

export const CLOSED: Breaker = { name: 'closed', failures: 0, ejections: 0, sinceMs: -Infinity }

/**
 * Returns the state after an event. Consecutive failures eject the node. After a while one read is admitted, then 2, 4,
 * 8 … at once. The ejection time grows with each ejection in a row up to a limit, as in Envoy's outlier detection.
 */
export function transition(breaker: Breaker, event: BreakerEvent, nowMs: number): Breaker {
  switch (event.type) {
    case 'answered':
      return answered(breaker, nowMs)
    case 'failed':
      return failed(breaker, event.chance, nowMs)
    case 'returned':
      return { name: 'half-open', permits: 1, answered: 0, ejections: ejectionsOf(breaker, nowMs) }
    default:
      throw new Error(`Unexpected breaker event: ${String(event satisfies never)}`)
  }
}

export function admission(breaker: Breaker, inFlight: number, nowMs: number): Admission {
  if (breaker.name === 'closed') return 'admitted'
  if (breaker.name === 'open' && nowMs < breaker.untilMs) return 'ejected'
  const permits = breaker.name === 'open' ? 1 : breaker.permits
  return inFlight < permits ? 'admitted' : 'recovering'
}

function answered(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.name === 'closed') return breaker.failures === 0 ? breaker : { ...breaker, failures: 0 }
  // The answer belongs to a read from before the ejection.
  if (breaker.name === 'open' && nowMs < breaker.untilMs) return breaker
  const permits = breaker.name === 'open' ? 1 : breaker.permits
  const count = breaker.name === 'open' ? 1 : breaker.answered + 1
  const { ejections } = breaker
  if (count < permits) return { name: 'half-open', permits, answered: count, ejections }
  if (permits >= FULLY_BACK) return { name: 'closed', failures: 0, ejections, sinceMs: nowMs }
  return { name: 'half-open', permits: permits * 2, answered: 0, ejections }
}

function failed(breaker: Breaker, chance: number, nowMs: number): Breaker {
  if (breaker.name === 'closed') {
    const failures = breaker.failures + 1
    if (failures < FAILURES_TO_EJECT) return { ...breaker, failures }
    return open(ejectionsOf(breaker, nowMs) + 1, chance, nowMs)
  }
  // The failure belongs to a read from before the ejection.
  if (breaker.name === 'open' && nowMs < breaker.untilMs) return breaker
  return open(breaker.ejections + 1, chance, nowMs)
}

/** Returns the number of ejections in a row. */
function ejectionsOf(breaker: Breaker, nowMs: number): number {
  const isForgiven = breaker.name === 'closed' && nowMs - breaker.sinceMs >= FORGIVEN_AFTER_MS
  return isForgiven ? 0 : breaker.ejections
}

function open(ejections: number, chance: number, nowMs: number): Breaker {
  const forMs = Math.min(EJECTION_MS * ejections, LONGEST_EJECTION_MS) * (1 - JITTER * chance)
  return { name: 'open', untilMs: nowMs + forMs, ejections }
}
