const FETCH = /^\s*(?:fetch|move)\b/i
const DECLARE = /^\s*declare\s+("(?:[^"]|"")+"|[^\s"]+)/i
const CLOSE = /^\s*close\s+("(?:[^"]|"")+"|[^\s";]+)\s*;?\s*$/i

/** The cursors that a transaction has declared and not closed. One that ROLLBACK TO has closed still counts. */
export class OpenCursors {
  readonly #names = new Set<string>()

  /** Name of one that is open. */
  get name(): string | undefined {
    const [name] = this.#names
    return name
  }

  /** Records a statement that concerns cursors. A statement that is not understood counts as an open cursor. */
  runs(text: string): 'declared' | 'closed' | 'fetched' {
    const closed = nameIn(CLOSE, text)
    if (closed === 'all') this.#names.clear()
    else if (closed !== undefined) this.#names.delete(closed)
    if (closed !== undefined) return 'closed'
    if (FETCH.test(text)) return 'fetched'
    this.#names.add(nameIn(DECLARE, text) ?? 'of unknown name')
    return 'declared'
  }

  clear(): void {
    this.#names.clear()
  }
}

/** Returns the name that the pattern finds, as PostgreSQL folds it. */
function nameIn(pattern: RegExp, text: string): string | undefined {
  const name = pattern.exec(text)?.[1]
  return name?.startsWith('"') === true ? name : name?.toLowerCase()
}
