import type { Observation } from '../topology/node.ts'
import type { Lag } from '../topology/snapshot.ts'
import { LagClock, type CatchUpBounds } from './lag-clock.ts'

/** How late a service may be with the lag that it states, in milliseconds. */
export const STATED_LATE_MS = 2000

/**
 * The lag of replicas. It is measured against the primary's flush position. Replicas may get other WAL much later, and
 * would seem to lag on an idle primary. If commits may be acknowledged before they are flushed, freshness is proven by
 * the insert position, which is at or after all of them.
 *
 * A replica without a position may state its lag. That proves freshness only as of `STATED_LATE_MS` before.
 */
export class ClusterLag {
  readonly #flushed = new LagClock()
  /** Absent while all commits are flushed. */
  #inserted: LagClock | undefined

  /** When the primary last answered with a position. */
  get seenAtMs(): number {
    return this.#flushed.seenAtMs
  }

  /** Records an observation of the primary. */
  record(primary: Observation): void {
    this.#flushed.record(primary)
    const { insertedLsn } = primary
    if (insertedLsn === undefined) return
    this.#inserted ??= new LagClock()
    this.#inserted.record({ ...primary, lsn: insertedLsn })
  }

  /**
   * The lag of a replica. `undefined` when its position cannot be compared with the primary's and it states no lag.
   *
   * @param isPrimaryKnown Whether the last answer of the primary is recent. Positions prove nothing otherwise.
   */
  lagOf(replica: Observation, isPrimaryKnown: boolean = true): Lag | undefined {
    const { sentAtMs, statedLagMs } = replica
    if (statedLagMs !== undefined) return this.#statedLag(statedLagMs, sentAtMs)
    return isPrimaryKnown ? this.#measuredLag(replica) : undefined
  }

  #statedLag(statedMs: number, sentAtMs: number): Lag {
    const freshAsOfMs = sentAtMs - statedMs - STATED_LATE_MS
    const shows = this.#flushed.positionAt(freshAsOfMs)
    return { statedMs, freshAsOfMs, ...(shows === undefined ? {} : { shows }) }
  }

  #measuredLag(replica: Observation): Lag | undefined {
    const lag = this.#flushed.lagOf(replica)
    if (lag === undefined || this.#inserted === undefined) return lag
    return { ...lag, freshAsOfMs: this.#inserted.lagOf(replica)?.freshAsOfMs ?? -Infinity }
  }

  /** See `LagClock`. */
  catchUpOf(replica: Observation): CatchUpBounds | undefined {
    return this.#flushed.catchUpOf(replica)
  }
}
