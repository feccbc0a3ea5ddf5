import type { Statement } from '../statement/statement.ts'

/** A search_path in which new tables are temporary without the key word. */
export const TEMPORARY_PATH: RegExp = /pg_temp/i

/** Maximum number of names. */
const MOST_NAMES = 10_000

/** Returns the names that a text may give to relations and types that it creates. Undefined when they are unknown. */
type NamesGiven = (sql: string) => readonly string[] | undefined

/** Tracks the names of the temporary objects of a client on its connection. */
export class TemporaryObjects {
  readonly #namesGiven: NamesGiven
  /** All their possible names. */
  readonly #names = new Set<string>()
  /** False when other names may refer to them too. */
  #areNamed = true
  /** True when objects created without a schema since the connection was borrowed may be temporary. */
  #mayMake = false

  constructor(namesGiven: NamesGiven) {
    this.#namesGiven = namesGiven
  }

  /** Returns their names; undefined when there may be others. */
  get names(): ReadonlySet<string> | undefined {
    return this.#areNamed && this.#names.size <= MOST_NAMES ? this.#names : undefined
  }

  /**
   * Whether a statement that is about to be sent may create some without the key word TEMPORARY.
   * @param path The statement that set `search_path`, if any.
   */
  areMadeBy(
    { reason, multiple, settings = [] }: Statement,
    text: string,
    values: readonly unknown[],
    path: string | undefined,
  ): boolean {
    const isPath = (value: unknown): boolean => typeof value === 'string' && TEMPORARY_PATH.test(value)
    const given = /set_config/i.test(text) ? values : []
    // Statements that repeat a setting contain no escapes.
    const made = settings.map((change) => (change.change === 'set' ? change.sql : undefined))
    this.#mayMake ||= [text, ...given, ...made, path].some(isPath)
    return this.#mayMake && (reason === 'ddl' || reason === 'select-into' || multiple)
  }

  /** Records that objects created without a schema may be temporary from now on, although no setting was seen. */
  mayBeMade(): void {
    this.#mayMake = true
  }

  /** Records that a statement may have created some. */
  namedBy(text: string): void {
    if (!this.#areNamed || this.#names.size > MOST_NAMES) return
    const names = this.#namesGiven(text)
    if (names === undefined) this.#areNamed = false
    else for (const name of names) this.#names.add(name)
  }

  /** Resets the names when the connection is returned. */
  clear(): void {
    this.#names.clear()
    this.#areNamed = true
    this.#mayMake = false
  }
}
