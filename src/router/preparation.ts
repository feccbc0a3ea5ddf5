import type { Platform } from '../platform/platform.ts'

export interface PreparationOptions {
  readonly platform: Platform
  /** Returns the steps to wait for. */
  readonly steps: () => readonly Promise<unknown>[]
  /** Returns the error after the steps, if any. */
  readonly problem: () => Error | undefined
}

/** Runs the steps before the first statement once, and again after a failure. */
export class Preparation {
  readonly #options: PreparationOptions
  #isDone = false
  #going: Promise<void> | undefined

  constructor(options: PreparationOptions) {
    this.#options = options
  }

  get isDone(): boolean {
    return this.#isDone
  }

  run(): Promise<void> {
    this.#going ??= this.#run().finally(() => {
      this.#going = undefined
    })
    return this.#going
  }

  async #run(): Promise<void> {
    const { platform, problem, steps } = this.#options
    const release = platform.holdOpen()
    try {
      await Promise.all(steps())
    } finally {
      release()
    }
    const wrong = problem()
    if (wrong !== undefined) throw wrong
    this.#isDone = true
  }
}
