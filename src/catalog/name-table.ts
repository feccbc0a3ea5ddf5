import type { QualifiedName } from './catalog.ts'

/**
 * Verdicts on names, exact for qualified ones. An unqualified name has the worst verdict of all schemas that have it.
 */
export class NameTable<Verdict> {
  readonly #bySchema = new Map<string, Map<string, Verdict>>()
  readonly #anywhere = new Map<string, Verdict>()
  readonly #fromBest: readonly Verdict[]

  /** @param fromBest all verdicts, the best one first */
  constructor(fromBest: readonly Verdict[]) {
    this.#fromBest = fromBest
  }

  /** How many names there are, counting one that is in two schemas twice. */
  get size(): number {
    return [...this.#bySchema.values()].reduce((sum, names) => sum + names.size, 0)
  }

  /** A name that is added twice keeps the worse of the two verdicts. */
  add(schema: string, name: string, verdict: Verdict): void {
    let names = this.#bySchema.get(schema)
    if (names === undefined) {
      names = new Map()
      this.#bySchema.set(schema, names)
    }
    names.set(name, this.#worse(names.get(name), verdict))
    this.#anywhere.set(name, this.#worse(this.#anywhere.get(name), verdict))
  }

  get({ schema, name }: QualifiedName): Verdict | undefined {
    return schema === undefined ? this.#anywhere.get(name) : this.#bySchema.get(schema)?.get(name)
  }

  /** The schemas that have the name, with the verdict in each. */
  *bySchema(name: string): Generator<readonly [schema: string, verdict: Verdict]> {
    for (const [schema, names] of this.#bySchema) {
      const verdict = names.get(name)
      if (verdict !== undefined) yield [schema, verdict]
    }
  }

  #worse(known: Verdict | undefined, verdict: Verdict): Verdict {
    if (known === undefined) return verdict
    return this.#fromBest.indexOf(known) > this.#fromBest.indexOf(verdict) ? known : verdict
  }
}
