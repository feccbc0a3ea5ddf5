/** Notes whether statements run, at almost no cost: the time is read on request, not for each statement. */
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

  /** When the last statement ran, rounded up to the time of the call that first noticed it. */
  usedAtMs(nowMs: number): number {
    if (this.#isUsed) this.#usedAtMs = nowMs
    this.#isUsed = false
    return this.#usedAtMs
  }

  /** Makes the next statement call `onWake`. */
  sleep(): void {
    this.#isAsleep = true
  }
}
