import type { Platform } from '../platform/platform.ts'

export interface PreparationOptions {
  readonly platform: Platform
  /** What is waited for. */
  readonly steps: () => readonly Promise<unknown>[]
  /** What is wrong then, if there is something. */
  readonly problem: () => Error | undefined
}

/** What has to be there before the first statement: made when it is first needed, and again when that has failed. */
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
