import { bindsReads } from './binding.ts'

/** More settings, or longer ones, are not kept: a client that makes them stays on its connection. */
const MAX_ENTRIES = 256
const MAX_CHARACTERS = 65_536

/** These are no settings like others: what may be set depends on who sets it, and RESET ALL leaves them. */
export const IDENTITY: readonly string[] = ['session_authorization', 'role']

/**
 * The settings of a session on top of what its connection begins with: of each name the statement that makes it, in the
 * order in which they were made. Immutable. `RESET …` stands for what the server would begin with, where the application
 * has set something else when it connected.
 */
export class Journal {
  readonly #statements: ReadonlyMap<string, string>
  /** A setting under which reads stay on the primary, if there is one. */
  readonly binding: string | undefined

  private constructor(statements: ReadonlyMap<string, string>) {
    this.#statements = statements
    this.binding = [...statements].find(([name, sql]) => bindsReads(name, sql))?.[0]
  }

  /** The journal of a session that has set nothing. There is only one. */
  static readonly empty: Journal = new Journal(new Map())

  get size(): number {
    return this.#statements.size
  }

  /** True when it is larger than what is kept. */
  get isFull(): boolean {
    if (this.size > MAX_ENTRIES) return true
    let characters = 0
    for (const sql of this.#statements.values()) characters += sql.length
    return characters > MAX_CHARACTERS
  }

  names(): Iterable<string> {
    return this.#statements.keys()
  }

  /** The statement that makes this setting. */
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

  /** These settings, made after those. */
  over(base: Journal): Journal {
    if (base.size === 0) return this
    let journal = base
    for (const [name, sql] of this.#statements) journal = journal.with(name, sql)
    return journal
  }
}

/** Goes back to what the server would begin with. */
export function resetSql(name: string): string {
  return `RESET ${quoted(name)}`
}

function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}
