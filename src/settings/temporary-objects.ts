import type { Statement } from '../statement/statement.ts'

/** A schema path in which a table is temporary though nothing says so. */
export const TEMPORARY_PATH: RegExp = /pg_temp/i

/** More names than a session would give to its temporary objects. */
const MOST_NAMES = 10_000

/** Names that a text may give to relations and types that it makes. Undefined where they are not known. */
type NamesGiven = (sql: string) => readonly string[] | undefined

/** Keeps the names of the temporary objects that a client has made on its connection. */
export class TemporaryObjects {
  readonly #namesGiven: NamesGiven
  /** All that they may be called. */
  readonly #names = new Set<string>()
  /** False when they may be meant by other words too. */
  #areNamed = true
  /** True when objects made without a schema may be in the temporary one since the connection was borrowed. */
  #mayMake = false

  constructor(namesGiven: NamesGiven) {
    this.#namesGiven = namesGiven
  }

  /** Undefined when they may be called otherwise. */
  get names(): ReadonlySet<string> | undefined {
    return this.#areNamed && this.#names.size <= MOST_NAMES ? this.#names : undefined
  }

  /**
   * True when a statement, which is about to be sent, may make some though it does not say so.
   * @param path The statement that has set `search_path`, if there is one.
   */
  areMadeBy(
    { reason, multiple, settings = [] }: Statement,
    text: string,
    values: readonly unknown[],
    path: string | undefined,
  ): boolean {
    const isPath = (value: unknown): boolean => typeof value === 'string' && TEMPORARY_PATH.test(value)
    const given = /set_config/i.test(text) ? values : []
    // Escapes are gone from what a setting is made with again.
    const made = settings.map((change) => (change.change === 'set' ? change.sql : undefined))
    this.#mayMake ||= [text, ...given, ...made, path].some(isPath)
    return this.#mayMake && (reason === 'ddl' || reason === 'select-into' || multiple)
  }

  /** Notes that objects made without a schema may be temporary from now on, though nothing was set. */
  mayBeMade(): void {
    this.#mayMake = true
  }

  /** There are some: this statement may have named them. */
  namedBy(text: string): void {
    if (!this.#areNamed || this.#names.size > MOST_NAMES) return
    const names = this.#namesGiven(text)
    if (names === undefined) this.#areNamed = false
    else for (const name of names) this.#names.add(name)
  }

  /** The connection is given back without them. */
  clear(): void {
    this.#names.clear()
    this.#areNamed = true
    this.#mayMake = false
  }
}
