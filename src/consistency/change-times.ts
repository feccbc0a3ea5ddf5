import { bareName } from '../catalog/qualified-name.ts'
import { partsOf, type Part } from './touched.ts'

/** Times at which the rows under one name were last changed. */
interface Times {
  /** Of any row. */
  latestMs: number
  /** Of rows whose key is not known. */
  unkeyedMs: number
  /** By key. */
  readonly keys: Map<string, number>
}

/** Names of one relation in the record of changes. */
interface Names {
  /** Noted when the relation is changed. */
  readonly noted: readonly string[]
  /** Looked up when it is shown. */
  readonly sought: readonly string[]
}

/** When each relation, and each key of it, was last changed. It only grows: its owner replaces it. */
export class ChangeTimes {
  readonly #times = new Map<string, Times>()
  #size = 0
  #firstMs = Infinity
  #lastMs = -Infinity

  /** Number of relations and keys, under each of their names. */
  get size(): number {
    return this.#size
  }

  /** The earliest change that was noted; ∞ without one. */
  get firstMs(): number {
    return this.#firstMs
  }

  /** The latest change that was noted; −∞ without one. */
  get lastMs(): number {
    return this.#lastMs
  }

  note(part: Part, atMs: number): void {
    this.#firstMs = Math.min(this.#firstMs, atMs)
    this.#lastMs = Math.max(this.#lastMs, atMs)
    const [relation, key] = partsOf(part)
    for (const name of namesOf(relation).noted) {
      const times = this.#timesOf(name)
      if (key === undefined) times.unkeyedMs = Math.max(times.unkeyedMs, atMs)
      else this.#noteKey(times, key, atMs)
      times.latestMs = Math.max(times.latestMs, atMs)
    }
  }

  /** When anything that a read of this part may show was last changed; −∞ if nothing is known to be. */
  latest(part: Part): number {
    if (this.#size === 0) return -Infinity
    const [relation, key] = partsOf(part)
    let latestMs = -Infinity
    for (const name of namesOf(relation).sought) {
      const times = this.#times.get(name)
      if (times === undefined) continue
      const atMs =
        key === undefined ? times.latestMs : Math.max(times.unkeyedMs, times.keys.get(key) ?? -Infinity)
      latestMs = Math.max(latestMs, atMs)
    }
    return latestMs
  }

  #timesOf(name: string): Times {
    let times = this.#times.get(name)
    if (times === undefined) {
      times = { latestMs: -Infinity, unkeyedMs: -Infinity, keys: new Map() }
      this.#times.set(name, times)
      this.#size += 1
    }
    return times
  }

  #noteKey({ keys, latestMs }: Times, key: string, atMs: number): void {
    // Changes come in order, nearly always, and looking a key up costs as much as noting it.
    if (atMs < latestMs && (keys.get(key) ?? -Infinity) >= atMs) return
    const before = keys.size
    keys.set(key, atMs)
    this.#size += keys.size - before
  }
}

const MOST_KNOWN = 10_000
const known = new Map<string, Names>()

function namesOf(relation: string): Names {
  let names = known.get(relation)
  if (names === undefined) {
    names = newNamesOf(relation)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(relation, names)
  }
  return names
}

/**
 * A name without a schema stands for each relation of that name. So a read of either `t` or `app.t` looks up changes of
 * `t`. A change of `app.t` is recorded as one of any `t`, too, which a read of `t` looks up.
 */
function newNamesOf(name: string): Names {
  const bare = bareName(name)
  const ofAny = `*.${bare}`
  return bare === name
    ? { noted: [name], sought: [name, ofAny] }
    : { noted: [name, ofAny], sought: [name, bare] }
}
