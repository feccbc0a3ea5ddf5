/** Calls one within another that are followed; the stack must bear them. */
const MAX_DEPTH = 32

/**
 * The texts of functions that are volatile by nothing but their label, each proven when it is first asked for. What a
 * text does depends on the text and the catalog alone, so that equal ones are proven once.
 */
export class BodyProofs {
  readonly #isRead: (body: string) => boolean
  readonly #bodies = new Map<string, Map<string, readonly string[]>>()
  readonly #proven = new Map<string, boolean>()
  #depth = 0

  constructor(isRead: (body: string) => boolean) {
    this.#isRead = isRead
  }

  /** @param bodies those of all volatile functions of this name in this schema */
  add(schema: string, name: string, bodies: readonly string[]): void {
    const bySchema = this.#bodies.get(name) ?? new Map<string, readonly string[]>()
    this.#bodies.set(name, bySchema.set(schema, bodies))
  }

  has(name: string): boolean {
    return this.#bodies.has(name)
  }

  /** True when every volatile function of this name in this schema is proven to do nothing but read. */
  isProven(schema: string, name: string): boolean {
    const bodies = this.#bodies.get(name)?.get(schema)
    return bodies !== undefined && bodies.every((body) => this.#prove(body))
  }

  #prove(body: string): boolean {
    const known = this.#proven.get(body)
    if (known !== undefined) return known
    if (this.#depth === MAX_DEPTH) return false
    // What calls itself is met again while it is being proven, and stays unproven.
    this.#proven.set(body, false)
    this.#depth += 1
    try {
      const proven = this.#isRead(body)
      this.#proven.set(body, proven)
      return proven
    } finally {
      this.#depth -= 1
    }
  }
}
