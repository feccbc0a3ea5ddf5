import type { Platform } from '../platform/platform.ts'
import type { ShareableRead } from './shareable-read.ts'
import { nameLossOf, type PreparedStatements } from './prepared-statements.ts'
import type { TextRecord } from './shape-book.ts'

/** Number of unknown names, with few successes in between, after which a pooler is assumed. */
const LOSSES = 3
const ANSWERS_BETWEEN = 1000
/** How long no read gets a name after that, in milliseconds. */
const DISTRUST_MS = 300_000

/**
 * Decides which reads of one node are sent with a name. None if names get lost: a pooler may give each transaction
 * another connection, and any client may run DISCARD ALL or DEALLOCATE ALL. None while the node's schema is uncertain.
 */
export class NamedReads {
  readonly #platform: Platform
  readonly #schema: () => string | undefined
  #losses = 0
  #answers = 0
  #distrustedUntilMs = -Infinity

  /** @param schema The schema of the node, see `NodeSchema`. */
  constructor(platform: Platform, schema: () => string | undefined) {
    this.#platform = platform
    this.#schema = schema
  }

  /** Returns the name for the next run of this text over this connection; `undefined` to run without one. */
  nameFor(statements: PreparedStatements, record: TextRecord, read: ShareableRead): string | undefined {
    if (record.plan?.wantsName !== true || !this.isTrusted) return undefined
    const schema = this.#schema()
    // In another schema it may be another statement.
    return schema === undefined || schema !== read.schema ? undefined : statements.nameFor(record, schema)
  }

  get isTrusted(): boolean {
    return this.#losses < LOSSES || this.#platform.now() >= this.#distrustedUntilMs
  }

  /**
   * Records the end of a run with a name. Returns true if the name may have caused its error: then it runs again
   * without.
   */
  heard(
    statements: PreparedStatements,
    record: TextRecord,
    name: string,
    error: Error | null | undefined,
  ): boolean {
    // node-postgres passes null for no error.
    const loss = error ? nameLossOf(error) : undefined
    if (loss === undefined) {
      statements.ran(record, name)
      this.#answers += 1
      if (this.#answers >= ANSWERS_BETWEEN) this.#losses = this.#answers = 0
      return false
    }
    statements.lost(record, name, loss)
    if (loss === 'failed') record.plan?.failed()
    else this.#lost()
    return true
  }

  #lost(): void {
    this.#answers = 0
    this.#losses += 1
    if (this.#losses >= LOSSES) this.#distrustedUntilMs = this.#platform.now() + DISTRUST_MS
  }
}
