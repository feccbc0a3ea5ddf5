/** Writes of other pools of this process, of which the position on the primary is not known yet. */
export class News {
  readonly #hear: () => Promise<void>
  #isThere = false
  #hearing: Promise<void> | undefined

  /** @param hear Asks for the position; resolves after a timeout at the latest, so that reads continue without a primary. */
  constructor(hear: () => Promise<void>) {
    this.#hear = hear
  }

  /** Something may have been written. */
  arrived(): void {
    this.#isThere = true
  }

  /**
   * Resolves when the position is known; `undefined` where there is nothing to wait for.
   * @param matters False while no replica could show less.
   */
  awaited(matters: boolean): Promise<void> | undefined {
    if (!this.#isThere) return this.#hearing
    if (!matters) return undefined
    this.#isThere = false
    const hearing = this.#hear().finally(() => {
      if (this.#hearing === hearing) this.#hearing = undefined
    })
    this.#hearing = hearing
    return hearing
  }
}
