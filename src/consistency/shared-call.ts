/**
 * Shares the results of an asynchronous call. One call runs at a time, and all callers in the meantime share the next
 * one. So a result always comes from a call that started after it was requested.
 */
export class SharedCall<Result> {
  readonly #call: () => Promise<Result>
  #current: Promise<Result> | undefined
  #next: Promise<Result> | undefined

  constructor(call: () => Promise<Result>) {
    this.#call = call
  }

  /** Whether no call is running. */
  get isIdle(): boolean {
    return this.#current === undefined
  }

  result(): Promise<Result> {
    if (this.#current === undefined) return this.#begin()
    this.#next ??= this.#current.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<Result> {
    this.#next = undefined
    const called = this.#call().finally(() => {
      if (this.#current === called && this.#next === undefined) this.#current = undefined
    })
    this.#current = called
    return called
  }
}
