import { TEMPORARY_PATH } from '../statement/mentions.ts'
import type { Statement } from '../statement/statement.ts'

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
  areMadeBy(statement: Statement, values: readonly unknown[], path: string | undefined): boolean {
    const { reason, multiple } = statement
    this.#mayMake ||= isPath(path) || namesPath(statement, values)
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
    if (this.#names.size > 0) this.#names.clear()
    this.#areNamed = true
    this.#mayMake = false
  }
}

function namesPath({ mentions, settings }: Statement, values: readonly unknown[]): boolean {
  if (mentions?.includes('temporary-schema') === true) return true
  if (mentions?.includes('set-config') === true && values.some(isPath)) return true
  // Statements that repeat a setting contain no escapes.
  return settings?.some((change) => change.change === 'set' && isPath(change.sql)) === true
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && TEMPORARY_PATH.test(value)
}
