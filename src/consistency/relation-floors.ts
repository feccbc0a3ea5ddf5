import { ChangeTimes } from './change-times.ts'
import type { Touched } from './touched.ts'

/** Maximum number of entries in one of the two records. */
const MOST_ENTRIES = 8192

/** A smaller record of recent changes stays when its older part is forgotten. */
const FEW_ENTRIES = 64

/**
 * Floors per relation and key: when each was last changed, by our clock. A replica may serve a read if it shows
 * everything that was committed before the last change of what the read shows. Floors that no longer matter are folded
 * into a baseline, which holds for every read.
 *
 * Changes go to a recent record. When it is full it becomes the older one, and the former older one is folded as a
 * whole. So recording a change never searches for the oldest one.
 */
export class RelationFloors {
  #recent = new ChangeTimes()
  #older = new ChangeTimes()
  #baselineMs = -Infinity
  #latestMs = -Infinity
  /** The schema that footprints rely on was read before this time. */
  #schemaAtMs = -Infinity

  /** Number of entries. */
  get size(): number {
    return this.#recent.size + this.#older.size
  }

  /** Records that these relations were changed before `atMs`. */
  raise(touched: Touched, atMs: number): void {
    if (touched.length === 0) return
    this.#latestMs = Math.max(this.#latestMs, atMs)
    if (touched === 'everything') return this.#raiseBaseline(atMs)
    for (const part of touched) this.#recent.note(part, atMs)
    if (this.#recent.size < MOST_ENTRIES) return
    this.#raiseBaseline(this.#older.lastMs)
    this.#age()
  }

  /** When anything that a read of these relations may show was last changed; −∞ if nothing is known to be. */
  latest(touched: Touched): number {
    if (touched === 'everything') return this.#latestMs
    const latestMs = this.#latestOf(touched)
    // A replica with an older schema may show more than the footprint says, unless it shows all changes.
    return Math.max(latestMs, Math.min(this.#schemaAtMs, this.#latestMs))
  }

  /**
   * Records that the schema may have changed, and was read before `atMs`. Changes before that may concern other
   * relations than they seemed to.
   */
  schemaChanged(atMs: number): void {
    this.#schemaAtMs = Math.max(this.#schemaAtMs, atMs)
  }

  /** Folds the changes up to `atMs` into the baseline: those that all replicas show. */
  forget(atMs: number): void {
    if (atMs < this.#recent.firstMs && atMs < this.#older.firstMs) return
    this.#raiseBaseline(Math.min(atMs, this.#latestMs))
    if (this.#older.size === 0 && this.#recent.size > FEW_ENTRIES) this.#age()
  }

  #latestOf(touched: Exclude<Touched, 'everything'>): number {
    let latestMs = this.#baselineMs
    if (this.size === 0) return latestMs
    for (const part of touched) {
      latestMs = Math.max(latestMs, this.#recent.latest(part), this.#older.latest(part))
    }
    return latestMs
  }

  /** Entries that are no later than the baseline say nothing more. */
  #raiseBaseline(atMs: number): void {
    this.#baselineMs = Math.max(this.#baselineMs, atMs)
    if (this.#older.size > 0 && this.#older.lastMs <= this.#baselineMs) this.#older = new ChangeTimes()
    if (this.#recent.size > 0 && this.#recent.lastMs <= this.#baselineMs) this.#recent = new ChangeTimes()
  }

  #age(): void {
    this.#older = this.#recent
    this.#recent = new ChangeTimes()
  }
}
