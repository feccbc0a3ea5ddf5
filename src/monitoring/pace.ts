import type { Snapshot } from '../topology/snapshot.ts'

/** How often a node is asked. */
export type Pace = 'fast' | 'normal' | 'slow'

/** What the pace depends on. */
export interface Circumstances {
  readonly nowMs: number
  /** A role is open, see `hasOpenRole`. */
  readonly isInDoubt: boolean
  /** When a node last changed its state or its role. */
  readonly changedAtMs: number
  /** Since when somebody waits for a change; absent when nobody does. */
  readonly awaitedSinceMs: number | undefined
  /** When a statement was last under way. */
  readonly usedAtMs: number
  /** Since when this node has been down; absent when it is not. */
  readonly downSinceMs: number | undefined
}

/** Doubt, waiting and outages are met fast for this long, then at the normal pace: they may last for hours. */
export const FAST_FOR_MS = 60_000
/** Without a statement for this long, nodes are probed slowly. */
export const IDLE_AFTER_MS = 10_000
/** Without a statement for this long, and nobody with a connection, nothing is probed at all. */
export const REST_AFTER_MS = 15_000
/** Probes are spread by this share of the interval, so that many processes do not ask in step. */
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
 * Time until a node is asked again that has refused the login for so long: as long again. A role or a database is replayed in a
 * moment; a wrong password is not to fill the server's log.
 */
export function afterRefusalMs(refusedForMs: number): number {
  return Math.min(LONGEST_REFUSED_MS, Math.max(FIRST_REFUSED_MS, refusedForMs))
}

/** `chance` is in [0, 1). */
export function jittered(intervalMs: number, chance: number): number {
  return intervalMs * (1 - JITTER * chance)
}

/**
 * How long the probe that a suspicion asks for waits since the one before it, when there were `chases` such probes in a
 * row. A server that hangs up on everybody is not chased: the first probe comes at once, and later ones less and less often.
 */
export function chaseDelayMs(chases: number, intervalMs: number): number {
  return chases === 0 ? 0 : Math.min(intervalMs, intervalOf('fast', intervalMs) * 2 ** (chases - 1))
}

/** Without a suspicion for this long, the next one is met at once again. */
export function chasesEndAfterMs(intervalMs: number): number {
  return SLOW_FACTOR * intervalMs
}

/** Nobody takes writes, or several servers would, or somebody met a failure that no probe has cleared up yet. */
export function hasOpenRole({ primary, nodes }: Snapshot): boolean {
  return primary === undefined || nodes.some(({ state }) => state.name === 'suspected')
}

/** Whether a node came, went, or changed its state or its role. */
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
