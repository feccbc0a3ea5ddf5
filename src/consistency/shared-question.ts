/**
 * A question whose answers are shared: one is under way and one is next, whoever asks meanwhile shares the next one. So an
 * answer was always asked for after the call.
 */
export class SharedQuestion<Answer> {
  readonly #ask: () => Promise<Answer>
  #current: Promise<Answer> | undefined
  #next: Promise<Answer> | undefined

  constructor(ask: () => Promise<Answer>) {
    this.#ask = ask
  }

  /** Nobody waits for an answer. */
  get isIdle(): boolean {
    return this.#current === undefined
  }

  answer(): Promise<Answer> {
    if (this.#current === undefined) return this.#begin()
    this.#next ??= this.#current.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<Answer> {
    this.#next = undefined
    const asked = this.#ask().finally(() => {
      if (this.#current === asked && this.#next === undefined) this.#current = undefined
    })
    this.#current = asked
    return asked
  }
}
