import { NO_NAMES } from '../nodes/custom-settings.ts'
import { bindsReads } from './binding.ts'

/** Limits of a journal. A client with more or longer settings is pinned to its connection. */
const MAX_ENTRIES = 256
const MAX_CHARACTERS = 65_536

const NONE_GIVEN: ReadonlyMap<string, string> = new Map()

/** Role settings: they decide which others may be set, and RESET ALL does not reset them. */
export const IDENTITY: readonly string[] = ['session_authorization', 'role']

/**
 * The settings of a session on top of the initial ones of its connection. There is one statement for each name, in the
 * order in which they were made. Immutable. `RESET …` stands for the server's default, where the application has set
 * another initial value.
 */
export class Journal {
  readonly #statements: ReadonlyMap<string, string>
  /** Values of those settings that the application has given as values, not in a statement. */
  readonly #given: ReadonlyMap<string, string>
  /** A setting that keeps reads on the primary, if there is one. */
  readonly binding: string | undefined
  /** Names of the given settings that have a dot in them: see `CustomSettings`. */
  readonly custom: ReadonlySet<string>

  private constructor(
    statements: ReadonlyMap<string, string>,
    given: ReadonlyMap<string, string> = NONE_GIVEN,
  ) {
    this.#statements = statements
    this.#given = given
    // Given settings were checked: none of them keeps reads on the primary.
    this.binding = [...statements].find(([name, sql]) => !given.has(name) && bindsReads(name, sql))?.[0]
    const custom = [...given.keys()].filter((name) => name.includes('.'))
    this.custom = custom.length === 0 ? NO_NAMES : new Set(custom)
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

  /** Names of the settings that were given as values. */
  get givenNames(): readonly string[] {
    return [...this.#given.keys()]
  }

  /** Whether some of the settings were given as values. */
  get isGiven(): boolean {
    return this.#given.size > 0
  }

  /** Returns the value of a setting that was given as a value. */
  given(name: string): string | undefined {
    return this.#given.get(name)
  }

  /** @param given The value, if the application has given it as such: then it is sent as a parameter. */
  with(name: string, sql: string, given?: string): Journal {
    const isLast = this.#statements.get(name) === sql && [...this.#statements.keys()].at(-1) === name
    if (isLast && this.#given.get(name) === given) return this
    const statements = new Map(this.#statements)
    statements.delete(name)
    return new Journal(statements.set(name, sql), this.#givenWith(name, given))
  }

  without(name: string): Journal {
    if (!this.#statements.has(name)) return this
    const statements = new Map(this.#statements)
    statements.delete(name)
    return statements.size === 0 ? Journal.empty : new Journal(statements, this.#givenWith(name, undefined))
  }

  /** Returns the settings of `base` followed by these. */
  over(base: Journal): Journal {
    if (base.size === 0) return this
    let journal = base
    for (const [name, sql] of this.#statements) journal = journal.with(name, sql, this.given(name))
    return journal
  }

  #givenWith(name: string, given: string | undefined): ReadonlyMap<string, string> {
    if (given === undefined && !this.#given.has(name)) return this.#given
    const all = new Map(this.#given)
    if (given === undefined) all.delete(name)
    else all.set(name, given)
    return all
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
