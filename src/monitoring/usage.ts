/** Notes whether statements come, at next to no cost: the time is read by whoever asks, not by whoever uses. */
export class Usage {
  readonly #onWake: () => void
  #isUsed = false
  #isAsleep = false
  #usedAtMs = -Infinity

  /** @param onWake Called when a statement comes after `sleep`. */
  constructor(onWake: () => void) {
    this.#onWake = onWake
  }

  note(): void {
    this.#isUsed = true
    if (!this.#isAsleep) return
    this.#isAsleep = false
    this.#onWake()
  }

  /** When a statement was last under way, as of the last time that this was asked. */
  usedAtMs(nowMs: number): number {
    if (this.#isUsed) this.#usedAtMs = nowMs
    this.#isUsed = false
    return this.#usedAtMs
  }

  /** From now on the next statement wakes. */
  sleep(): void {
    this.#isAsleep = true
  }
}
