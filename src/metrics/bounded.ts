/** Value of an attribute in place of those beyond the bound. */
export const OTHER = 'other'

/** Lets a bounded number of different values through, the first ones that come. All others become `other`. */
export class Bounded {
  readonly #known = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  of(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.#limit) return OTHER
    this.#known.add(value)
    return value
  }
}
