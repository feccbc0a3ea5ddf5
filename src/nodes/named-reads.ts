import type { Platform } from '../platform/platform.ts'
import type { ShareableRead } from './shareable-read.ts'
import { nameLossOf, type PreparedStatements } from './prepared-statements.ts'
import type { TextRecord } from './shape-book.ts'

/** After so many names that the server did not know, with few answers in between, somebody else is taken to hold the connections. */
const LOSSES = 3
const ANSWERS_BETWEEN = 1000
/** For how long nothing gets a name then, in milliseconds. */
const DISTRUST_MS = 300_000

/**
 * Which reads of one node are sent with a name. None where names get lost: a pooler in between may hand every transaction to
 * another connection, and anybody may run DISCARD ALL or DEALLOCATE ALL. None while the node's schema is not certain.
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

  /** The name for the next run of this text over this connection. `undefined`: it runs without. */
  nameFor(statements: PreparedStatements, record: TextRecord, read: ShareableRead): string | undefined {
    if (record.plan?.wantsName !== true || !this.isTrusted) return undefined
    const schema = this.#schema()
    // Judged in another schema, it may be another statement.
    return schema === undefined || schema !== read.schema ? undefined : statements.nameFor(record, schema)
  }

  get isTrusted(): boolean {
    return this.#losses < LOSSES || this.#platform.now() >= this.#distrustedUntilMs
  }

  /** Notes the end of a run with a name. True when the name may be the cause of its error: then it runs again, without. */
  heard(
    statements: PreparedStatements,
    record: TextRecord,
    name: string,
    error: Error | null | undefined,
  ): boolean {
    // node-postgres says null where there is none.
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
