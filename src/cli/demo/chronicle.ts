/** An event of a node. */
export interface Happening {
  /** Time since the start of the load, in seconds. */
  readonly atSeconds: number
  readonly node: string
  readonly what: string
}

/** Records the events of the demo in order. */
export class Chronicle {
  readonly #happenings: Happening[] = []
  readonly #elapsedMs: () => number
  readonly #onHappening: (happening: Happening) => void

  constructor(elapsedMs: () => number, onHappening: (happening: Happening) => void = () => {}) {
    this.#elapsedMs = elapsedMs
    this.#onHappening = onHappening
  }

  get happenings(): readonly Happening[] {
    return this.#happenings
  }

  tell(node: string, what: string): void {
    const happening = { atSeconds: Math.round(this.#elapsedMs() / 100) / 10, node, what }
    this.#happenings.push(happening)
    this.#onHappening(happening)
  }
}
