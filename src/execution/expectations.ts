/** Smoothing factor of the averages. */
const NEWEST = 0.1
/** Resolution of the clock, in milliseconds. */
const SHORTEST_MS = 0.01

/**
 * Recent average times of reads on all nodes: per text, and overall for texts without measurements. Entries live as
 * long as their text's object.
 */
export class Expectations {
  readonly #byText = new WeakMap<object, { ms: number }>()
  #overallMs: number | undefined

  /** @param text Object that represents the text; absent without one. */
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

/** Averages logarithms, so that a pause of the process does not make all later answers look fast. */
function blend(before: number | undefined, ms: number): number {
  return before === undefined ? ms : before * (ms / before) ** NEWEST
}
