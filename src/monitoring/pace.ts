import type { Snapshot } from '../topology/snapshot.ts'

/** Rate at which a node is probed. */
export type Pace = 'fast' | 'normal' | 'slow'

/** Input of `paceOf`. */
export interface Circumstances {
  readonly nowMs: number
  /** See `hasOpenRole`. */
  readonly isInDoubt: boolean
  /** When a node last changed its state or its role. */
  readonly changedAtMs: number
  /** Since when there are callers that wait for a change; absent when there are none. */
  readonly awaitedSinceMs: number | undefined
  /** When the last statement ran. */
  readonly usedAtMs: number
  /** Since when this node has been down; absent when it is not down. */
  readonly downSinceMs: number | undefined
}

/** How long an open role, waiting callers or an outage keep the fast pace. They may last for hours. */
export const FAST_FOR_MS = 60_000
/** Time without a statement after which nodes are probed slowly. */
export const IDLE_AFTER_MS = 10_000
/** Time without a statement and without a leased connection after which probes stop. */
export const REST_AFTER_MS = 15_000
/** Jitter as a share of the interval, so that many processes do not probe in step. */
export const JITTER = 0.2

const FAST_INTERVAL_MS = 50
const SLOW_FACTOR = 10
const SLOWEST_MS = 10_000

/** The pace for one node. */
export function paceOf(circumstances: Circumstances): Pace {
  const { nowMs, isInDoubt, changedAtMs, awaitedSinceMs, usedAtMs, downSinceMs } = circumstances
  const isRecent = (atMs: number | undefined): boolean => atMs !== undefined && nowMs - atMs < FAST_FOR_MS
  const isLongDown = downSinceMs !== undefined && !isRecent(downSinceMs)
  const isUrgent = isInDoubt
    ? isRecent(changedAtMs) || isRecent(awaitedSinceMs)
    : awaitedSinceMs !== undefined
  if (isUrgent && !isLongDown) return 'fast'
  return awaitedSinceMs === undefined && nowMs - usedAtMs >= IDLE_AFTER_MS ? 'slow' : 'normal'
}

/** Time between an answer and the next probe, before jitter. */
export function intervalOf(pace: Pace, intervalMs: number): number {
  switch (pace) {
    case 'fast':
      return Math.min(FAST_INTERVAL_MS, intervalMs)
    case 'normal':
      return intervalMs
    case 'slow':
      return Math.max(intervalMs, Math.min(SLOW_FACTOR * intervalMs, SLOWEST_MS))
    default:
      throw new Error(`Unexpected pace: ${String(pace satisfies never)}`)
  }
}

const FIRST_REFUSED_MS = 20
const LONGEST_REFUSED_MS = 10_000

/**
 * Time until the next probe of a node that has refused the login for `refusedForMs`: as long again, within bounds. A
 * missing role or database is replayed soon; a wrong password must not fill the server's log.
 */
export function afterRefusalMs(refusedForMs: number): number {
  return Math.min(LONGEST_REFUSED_MS, Math.max(FIRST_REFUSED_MS, refusedForMs))
}

/** `chance` is in [0, 1). */
export function jittered(intervalMs: number, chance: number): number {
  return intervalMs * (1 - JITTER * chance)
}

/**
 * Delay between the last probe that followed a suspicion and the next, after `chases` such probes in a row. The first
 * comes at once, later ones with exponential backoff, so that a server that drops every connection is not flooded.
 */
export function chaseDelayMs(chases: number, intervalMs: number): number {
  return chases === 0 ? 0 : Math.min(intervalMs, intervalOf('fast', intervalMs) * 2 ** (chases - 1))
}

/** Time without a suspicion after which the next one is probed at once again. */
export function chasesEndAfterMs(intervalMs: number): number {
  return SLOW_FACTOR * intervalMs
}

/** Whether the primary is unknown or in conflict, or any node is suspected. */
export function hasOpenRole({ primary, nodes }: Snapshot): boolean {
  return primary === undefined || nodes.some(({ state }) => state.name === 'suspected')
}

/** Whether a node was added, was removed, or changed its state or role. */
export function hasChanged(previous: Snapshot, next: Snapshot): boolean {
  if (previous.nodes.length !== next.nodes.length) return true
  return next.nodes.some((node, index) => {
    const before = previous.nodes[index]
    return (
      before?.id !== node.id ||
      before.state.name !== node.state.name ||
      before.role !== node.role ||
      before.exclusion !== node.exclusion
    )
  })
}
