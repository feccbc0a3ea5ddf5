/** The cores of a server: each works on one statement at a time, and statements begin in the order of their arrival. */
export class Cores {
  readonly #freeAtMs: number[]

  /** @param count 0 for any number. */
  constructor(count: number) {
    this.#freeAtMs = Array.from({ length: count }, () => 0)
  }

  /** Begins work as soon as a core is free. Returns the time from now to its end. */
  work(nowMs: number, ms: number): number {
    const first = this.#first()
    if (first === -1) return ms
    const endMs = Math.max(nowMs, this.#freeAtMs[first] ?? 0) + ms
    this.#freeAtMs[first] = endMs
    return endMs - nowMs
  }

  /** Index of the core that is free first. */
  #first(): number {
    const free = this.#freeAtMs
    let first = free.length === 0 ? -1 : 0
    for (let index = 1; index < free.length; index++) {
      if ((free[index] ?? 0) < (free[first] ?? 0)) first = index
    }
    return first
  }
}
