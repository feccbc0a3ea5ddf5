import type { Lsn } from '../topology/lsn.ts'
import type { Observation } from '../topology/node.ts'
import type { Lag, ShownPosition } from '../topology/snapshot.ts'

interface Sample {
  readonly lsn: Lsn
  /** When the first answer with this position arrived. The primary had reached it by then. */
  readonly seenAtMs: number
  /** When the last probe with this position was sent. */
  lastSentAtMs: number
}

/** Bounds that one observation of a replica sets on the time it takes to show what the primary has just committed. */
export interface CatchUpBounds {
  /** It had not replayed a position that the primary had reached this long before, in milliseconds; 0 for none. */
  readonly leastMs: number
  /**
   * It had replayed a position that the primary reached at most this long before, in milliseconds. `Infinity` when it
   * is not known when the primary reached it.
   */
  readonly mostMs: number
  /** For a replica that had replayed everything: how long before the primary was asked, in milliseconds. */
  readonly caughtUpMs?: number
}

/**
 * Measures lag with one clock: ours. Each probe of the primary records (our time, its position). A replica's lag is now
 * minus the time of the first sample beyond what it has replayed. No server clock is involved, an idle primary gives 0,
 * and a dead WAL receiver shows as growing lag.
 */
export class LagClock {
  readonly #capacity: number
  readonly #samples: Sample[] = []
  #serverIdentity: string | undefined
  #systemIdentifier: string | undefined
  #timeline: number | undefined
  #seenAtMs = -Infinity

  /** @param capacity Maximum number of samples, at least 4. Beyond it the older half is thinned out. */
  constructor(capacity = 1024) {
    this.#capacity = capacity
  }

  /** When the primary last answered with a position. The clock has no data after that. */
  get seenAtMs(): number {
    return this.#seenAtMs
  }

  /**
   * Records an observation of the primary. Another server or another timeline starts a new history. Without a primary
   * nothing is recorded, and what was proven stays proven.
   */
  record(primary: Observation): void {
    if (primary.serverIdentity !== this.#serverIdentity || primary.timeline !== this.#timeline) {
      this.#samples.length = 0
      this.#serverIdentity = primary.serverIdentity
      this.#systemIdentifier = primary.systemIdentifier
      this.#timeline = primary.timeline
    }
    if (primary.lsn === undefined) return
    this.#seenAtMs = primary.receivedAtMs
    const last = this.#samples.at(-1)
    if (last !== undefined && primary.lsn <= last.lsn) {
      // A lower position belongs to a delayed answer. It proves nothing new.
      if (primary.lsn === last.lsn) last.lastSentAtMs = Math.max(last.lastSentAtMs, primary.sentAtMs)
      return
    }
    this.#samples.push({ lsn: primary.lsn, seenAtMs: primary.receivedAtMs, lastSentAtMs: primary.sentAtMs })
    if (this.#samples.length > this.#capacity) this.#thinOut()
  }

  /**
   * Drops every second sample of the older half. An earlier sample then proves freshness, so a replica can only look
   * older than it is.
   */
  #thinOut(): void {
    const half = this.#samples.length >>> 1
    const kept = this.#samples.filter((_sample, index) => index >= half || index % 2 === 0)
    this.#samples.splice(0, this.#samples.length, ...kept)
  }

  /**
   * The lag of a replica. `undefined` when its timeline differs, since positions on different timelines cannot be
   * compared.
   */
  lagOf({ lsn, timeline }: Observation): Lag | undefined {
    if (lsn === undefined || timeline === undefined || timeline !== this.#timeline) return undefined
    return this.lagAt(lsn)
  }

  /** The lag of a replica that has replayed up to `replayLsn`; `undefined` when it is unknown. */
  lagAt(replayLsn: Lsn): Lag | undefined {
    const reached = this.#lastReached(replayLsn)
    const sample = this.#samples[reached]
    const newest = this.#samples.at(-1)
    if (sample === undefined || newest === undefined) return undefined
    const beyond = this.#samples[reached + 1]
    const bytes = Number(newest.lsn > replayLsn ? newest.lsn - replayLsn : 0n)
    const freshAsOfMs = sample.lastSentAtMs
    return beyond === undefined
      ? { bytes, freshAsOfMs }
      : { bytes, freshAsOfMs, behindSinceMs: beyond.seenAtMs }
  }

  /** The newest position that the primary was seen at by then. A replica that is as fresh shows it. */
  positionAt(atMs: number): ShownPosition | undefined {
    const systemIdentifier = this.#systemIdentifier
    const timeline = this.#timeline
    const sample = this.#samples.findLast(({ seenAtMs }) => seenAtMs <= atMs)
    if (systemIdentifier === undefined || timeline === undefined || sample === undefined) return undefined
    return { systemIdentifier, timeline, lsn: sample.lsn }
  }

  /**
   * Bounds from an observation of a replica. `undefined` when its position cannot be compared with the primary's.
   *
   * The primary reached the position of a sample after the probe was sent that found it at the one before.
   */
  catchUpOf({ lsn, timeline, sentAtMs, receivedAtMs }: Observation): CatchUpBounds | undefined {
    if (lsn === undefined || timeline === undefined || timeline !== this.#timeline) return undefined
    const index = this.#lastReached(lsn)
    const reached = this.#samples[index]
    const before = this.#samples[index - 1]
    const beyond = this.#samples[index + 1]
    const mostMs = before === undefined ? Infinity : receivedAtMs - before.lastSentAtMs
    if (beyond !== undefined) return { leastMs: Math.max(0, sentAtMs - beyond.seenAtMs), mostMs }
    if (reached === undefined) return undefined
    return { leastMs: 0, mostMs, caughtUpMs: receivedAtMs - reached.lastSentAtMs }
  }

  /** Index of the newest sample at or before `replayLsn`, or −1. */
  #lastReached(replayLsn: Lsn): number {
    let low = 0
    let high = this.#samples.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const sample = this.#samples[middle]
      if (sample !== undefined && sample.lsn <= replayLsn) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
