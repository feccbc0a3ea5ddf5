import { keyed, partsOf, type Touched } from './touched.ts'

/** Maximum number of entries. Beyond it the oldest become part of the baseline. */
const MOST_ENTRIES = 16_384

/** Stands for all keys of a relation. */
const ANY_KEY = '*'

/** Names of one relation in the record of changes. */
interface Entries {
  /** Noted when the relation is changed. */
  readonly noted: readonly string[]
  /** Looked up when it is shown. */
  readonly sought: readonly string[]
}

/**
 * Floors per relation and key: when each was last changed, by our clock. A replica may serve a read if it shows
 * everything that was committed before the last change of what the read shows. Floors that no longer matter are folded
 * into a baseline, which holds for every read.
 */
export class RelationFloors {
  /** Times of changes, the oldest first. */
  readonly #changedAtMs = new Map<string, number>()
  #baselineMs = -Infinity
  #latestMs = -Infinity
  /** The schema that footprints rely on was read before this time. */
  #schemaAtMs = -Infinity

  /** Number of entries. */
  get size(): number {
    return this.#changedAtMs.size
  }

  /** Records that these relations were changed before `atMs`. */
  raise(touched: Touched, atMs: number): void {
    if (touched.length === 0) return
    this.#latestMs = Math.max(this.#latestMs, atMs)
    if (touched === 'everything') return this.#raiseBaseline(atMs)
    for (const name of touched) this.#noteAll(name, atMs)
    while (this.#changedAtMs.size > MOST_ENTRIES) this.#foldOldest()
  }

  /** When anything that a read of these relations may show was last changed; −∞ if nothing is known to be. */
  latest(touched: Touched): number {
    if (touched === 'everything') return this.#latestMs
    const latestMs = this.#latestOf(touched)
    // A replica with an older schema may show more than the footprint says, unless it shows all changes.
    return Math.max(latestMs, Math.min(this.#schemaAtMs, this.#latestMs))
  }

  /**
   * Records that the schema may have changed, and was read before `atMs`. Changes before that may concern other relations
   * than they seemed to.
   */
  schemaChanged(atMs: number): void {
    this.#schemaAtMs = Math.max(this.#schemaAtMs, atMs)
  }

  /** Folds the changes up to `atMs` into the baseline: those that all replicas show. */
  forget(atMs: number): void {
    for (const changedAtMs of this.#changedAtMs.values()) {
      if (changedAtMs > atMs) return
      this.#foldOldest()
    }
  }

  #latestOf(touched: readonly string[]): number {
    let latestMs = this.#baselineMs
    if (this.#changedAtMs.size === 0) return latestMs
    for (const name of touched) {
      const [relation, key = ANY_KEY] = partsOf(name)
      for (const entry of entriesOf(relation).sought) {
        latestMs = Math.max(latestMs, this.#at(entry), this.#at(keyed(entry, key)))
      }
    }
    return latestMs
  }

  #at(entry: string): number {
    return this.#changedAtMs.get(entry) ?? -Infinity
  }

  /** A change of a key is noted for reads of that key, and for reads of the relation. */
  #noteAll(name: string, atMs: number): void {
    const [relation, key] = partsOf(name)
    for (const entry of entriesOf(relation).noted) {
      if (key === undefined) this.#note(entry, atMs)
      else {
        this.#note(keyed(entry, key), atMs)
        this.#note(keyed(entry, ANY_KEY), atMs)
      }
    }
  }

  #note(entry: string, atMs: number): void {
    if (this.#at(entry) > atMs) return
    // A Map keeps the order of insertion.
    this.#changedAtMs.delete(entry)
    this.#changedAtMs.set(entry, atMs)
  }

  #raiseBaseline(atMs: number): void {
    this.#baselineMs = Math.max(this.#baselineMs, atMs)
    this.forget(atMs)
  }

  #foldOldest(): void {
    for (const [entry, atMs] of this.#changedAtMs) {
      this.#changedAtMs.delete(entry)
      this.#baselineMs = Math.max(this.#baselineMs, atMs)
      return
    }
  }
}

const MOST_KNOWN = 10_000
const known = new Map<string, Entries>()

function entriesOf(relation: string): Entries {
  let entries = known.get(relation)
  if (entries === undefined) {
    entries = newEntriesOf(relation)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(relation, entries)
  }
  return entries
}

/**
 * A name without a schema stands for each relation of that name. So a change of `app.t` is noted as one of `app.t` and as one of
 * any `t`, which a read of `t` looks up; and a read of `app.t` looks up changes of `t`, too.
 */
function newEntriesOf(name: string): Entries {
  const bare = bareName(name)
  const ofAny = `*.${bare}`
  const noted = [name, ofAny]
  return bare === name ? { noted, sought: [ofAny] } : { noted, sought: [name, bare] }
}

/** Returns the last part of a name, spelled as in SQL. */
function bareName(name: string): string {
  return /(?:"(?:[^"]|"")*"|[^."]+)$/.exec(name)?.[0] ?? name
}
