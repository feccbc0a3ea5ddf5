/** Weights rise in so many steps, so that a list changes rarely. */
const STEPS = 10

/** Raises the weight of servers that appear later than the first ones, step by step from a tenth to 1. */
export class Ramp {
  readonly #durationMs: number
  /** When each server was first seen; −Infinity for those that were there first. */
  #seenAtMs: ReadonlyMap<string, number> | undefined

  /** @param durationMs Time until a new server has its full weight, in milliseconds. */
  constructor(durationMs: number) {
    this.#durationMs = durationMs
  }

  /** Returns the weight of each server. One that has been away begins again. */
  weightsAt(servers: readonly string[], nowMs: number): ReadonlyMap<string, number> {
    const before = this.#seenAtMs
    const firstMs = before === undefined ? -Infinity : nowMs
    const seenAtMs = new Map(servers.map((server) => [server, before?.get(server) ?? firstMs]))
    this.#seenAtMs = seenAtMs
    return new Map([...seenAtMs].map(([server, atMs]) => [server, this.#weightAfter(nowMs - atMs)]))
  }

  #weightAfter(elapsedMs: number): number {
    const steps = Math.floor((STEPS * elapsedMs) / this.#durationMs)
    return Math.min(STEPS, Math.max(1, steps)) / STEPS
  }
}
