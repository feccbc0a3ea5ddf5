/** Weight of the newest answer in what is expected. */
const NEWEST = 0.1
/** No clock tells shorter times apart, in milliseconds. */
const SHORTEST_MS = 0.01

/**
 * What reads take, whatever their node: per text, and over all for a text that has not been seen yet. Texts that are
 * forgotten elsewhere are forgotten here.
 */
export class Expectations {
  readonly #byText = new WeakMap<object, { ms: number }>()
  #overallMs: number | undefined

  /** @param text Stands for the text; absent where there is none. */
  expectedMs(text: object | undefined): number | undefined {
    return (text && this.#byText.get(text)?.ms) ?? this.#overallMs
  }

  answered(text: object | undefined, elapsedMs: number): void {
    const ms = Math.max(elapsedMs, SHORTEST_MS)
    this.#overallMs = blend(this.#overallMs, ms)
    if (text === undefined) return
    const known = this.#byText.get(text)
    if (known === undefined) this.#byText.set(text, { ms })
    else known.ms = blend(known.ms, ms)
  }
}

/** In proportions: one pause of the process, however long, makes no answer after it look fast. */
function blend(before: number | undefined, ms: number): number {
  return before === undefined ? ms : before * (ms / before) ** NEWEST
}
