import { bindsReads } from './binding.ts'

/** Limits of a journal. A client with more or longer settings is pinned to its connection. */
const MAX_ENTRIES = 256
const MAX_CHARACTERS = 65_536

/** Role settings: they decide which others may be set, and RESET ALL does not reset them. */
export const IDENTITY: readonly string[] = ['session_authorization', 'role']

/**
 * The settings of a session on top of the initial ones of its connection: a statement for each name, in the order in
 * which they were made. Immutable. `RESET …` stands for the server's default, where the application has set another
 * initial value.
 */
export class Journal {
  readonly #statements: ReadonlyMap<string, string>
  /** A setting that keeps reads on the primary, if there is one. */
  readonly binding: string | undefined

  private constructor(statements: ReadonlyMap<string, string>) {
    this.#statements = statements
    this.binding = [...statements].find(([name, sql]) => bindsReads(name, sql))?.[0]
  }

  /** The only empty journal. */
  static readonly empty: Journal = new Journal(new Map())

  get size(): number {
    return this.#statements.size
  }

  /** Whether it exceeds the limits. */
  get isFull(): boolean {
    if (this.size === 0) return false
    if (this.size > MAX_ENTRIES) return true
    let characters = 0
    for (const sql of this.#statements.values()) characters += sql.length
    return characters > MAX_CHARACTERS
  }

  names(): Iterable<string> {
    return this.#statements.keys()
  }

  /** Returns the statement that makes this setting. */
  get(name: string): string | undefined {
    return this.#statements.get(name)
  }

  with(name: string, sql: string): Journal {
    if (this.#statements.get(name) === sql && [...this.#statements.keys()].at(-1) === name) return this
    const statements = new Map(this.#statements)
    statements.delete(name)
    return new Journal(statements.set(name, sql))
  }

  without(name: string): Journal {
    if (!this.#statements.has(name)) return this
    const statements = new Map(this.#statements)
    statements.delete(name)
    return statements.size === 0 ? Journal.empty : new Journal(statements)
  }

  /** Returns the settings of `other` followed by these. */
  over(base: Journal): Journal {
    if (base.size === 0) return this
    let journal = base
    for (const [name, sql] of this.#statements) journal = journal.with(name, sql)
    return journal
  }
}

/** Returns the statement that restores the server's default. */
export function resetSql(name: string): string {
  return `RESET ${quoted(name)}`
}

function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}
