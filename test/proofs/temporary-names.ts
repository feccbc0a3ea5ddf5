const CREATION =
  /\btemp(?:orary)?\s+(?:(?:table|view|sequence|recursive|unlogged|if|not|exists)\s+)*("[^"]+"|[\w.]+)/gi

/** The names of temporary things that a connection has made, as far as texts tell: rather one too many. */
export class TemporaryNames {
  readonly #names = new Set<string>()

  note(sql: string): void {
    for (const [, name = ''] of sql.matchAll(CREATION))
      this.#names.add(name.replaceAll('"', '').toLowerCase())
  }

  isIn(sql: string): boolean {
    const words = sql.toLowerCase().match(/\w+/g) ?? []
    return words.some((word) => this.#names.has(word) || word.startsWith('pg_temp'))
  }
}
