import type { Platform } from '../platform/platform.ts'
import { nameLossOf, type PreparedStatements } from './prepared-statements.ts'
import type { TextRecord } from './shape-book.ts'

/** So many names that the server did not know, with few in between that it knew, and somebody else holds the connections. */
const LOSSES = 3
const ANSWERS_BETWEEN = 1000
/** For how long nothing gets a name then, in milliseconds. */
const DISTRUST_MS = 300_000

/**
 * Whether names are worth giving on one node. A pooler in between that hands every transaction to another connection loses
 * them, as do DISCARD ALL and DEALLOCATE ALL by whoever uses the connection in turn.
 */
export class NamedReads {
  readonly #platform: Platform
  #losses = 0
  #answers = 0
  #distrustedUntilMs = -Infinity

  constructor(platform: Platform) {
    this.#platform = platform
  }

  get isTrusted(): boolean {
    return this.#losses < LOSSES || this.#platform.now() >= this.#distrustedUntilMs
  }

  /** A run with a name has ended. True when its error is about the name alone: it is to run again, without. */
  heard(statements: PreparedStatements, record: TextRecord, error: Error | null | undefined): boolean {
    // node-postgres says null where there is none.
    const loss = error ? nameLossOf(error) : undefined
    if (loss === undefined) {
      statements.ran(record.name)
      this.#answers += 1
      if (this.#answers >= ANSWERS_BETWEEN) this.#losses = this.#answers = 0
      return false
    }
    statements.lost(record, loss)
    if (loss !== 'outdated') this.lost()
    return true
  }

  lost(): void {
    this.#answers = 0
    this.#losses += 1
    if (this.#losses >= LOSSES) this.#distrustedUntilMs = this.#platform.now() + DISTRUST_MS
  }
}
