/** Names of relations and functions that statements of this pool created before the catalog was loaded. */
export class CreatedNames {
  readonly #names = new Set<string>()
  #areAllKnown = true

  /** @param names Absent: a statement may have created any. */
  add(names: readonly string[] | undefined): void {
    if (names === undefined) this.#areAllKnown = false
    else for (const name of names) this.#names.add(name)
  }

  /** Whether something of this name, with or without its schema, may have been created. */
  mayHave(name: string): boolean {
    return !this.#areAllKnown || this.#names.has(name.slice(name.lastIndexOf('.') + 1))
  }
}
