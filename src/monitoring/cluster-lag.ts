import type { Observation } from '../topology/node.ts'
import type { Lag } from '../topology/snapshot.ts'
import { LagClock, type CatchUpBounds } from './lag-clock.ts'

/**
 * The lag of replicas. It is measured against the primary's flush position: replicas do not get other WAL for long, and
 * would seem to lag on an idle primary. Where commits may be acknowledged before they are flushed, freshness is proven by the
 * insert position, which is at or after all of them.
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

  /** The lag of a replica. `undefined` when its position cannot be compared with the primary's. */
  lagOf(replica: Observation): Lag | undefined {
    const lag = this.#flushed.lagOf(replica)
    if (lag === undefined || this.#inserted === undefined) return lag
    return { ...lag, freshAsOfMs: this.#inserted.lagOf(replica)?.freshAsOfMs ?? -Infinity }
  }

  /** See `LagClock`. */
  catchUpOf(replica: Observation): CatchUpBounds | undefined {
    return this.#flushed.catchUpOf(replica)
  }
}
