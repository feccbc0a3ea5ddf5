import type { FunctionBody } from './catalog.ts'

/** Calls one within another that are followed; the stack must bear them. */
const MAX_DEPTH = 32

/**
 * The bodies of functions that are volatile only by their label, each proven when it is first needed. The effects of a
 * body depend on the body and the catalog alone, so that equal ones are proven once.
 */
export class BodyProofs {
  readonly #isRead: (body: FunctionBody) => boolean
  readonly #bodies = new Map<string, Map<string, readonly FunctionBody[]>>()
  /** Of several equal bodies the first one. */
  readonly #known = new Map<string, FunctionBody>()
  readonly #proven = new Map<FunctionBody, boolean>()
  #depth = 0

  constructor(isRead: (body: FunctionBody) => boolean) {
    this.#isRead = isRead
  }

  /** @param bodies those of all volatile functions of this name in this schema */
  add(schema: string, name: string, bodies: readonly FunctionBody[]): void {
    const bySchema = this.#bodies.get(name) ?? new Map<string, readonly FunctionBody[]>()
    this.#bodies.set(
      name,
      bySchema.set(
        schema,
        bodies.map((body) => this.#firstOf(body)),
      ),
    )
  }

  has(name: string): boolean {
    return this.#bodies.has(name)
  }

  /** True when every volatile function of this name in this schema is proven to only read. */
  isProven(schema: string, name: string): boolean {
    const bodies = this.#bodies.get(name)?.get(schema)
    return bodies !== undefined && bodies.every((body) => this.#prove(body))
  }

  #firstOf(body: FunctionBody): FunctionBody {
    const key = JSON.stringify(body)
    const first = this.#known.get(key) ?? body
    this.#known.set(key, first)
    return first
  }

  #prove(body: FunctionBody): boolean {
    const known = this.#proven.get(body)
    if (known !== undefined) return known
    if (this.#depth === MAX_DEPTH) return false
    // A body that calls itself is met again while it is being proven, and stays unproven.
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
