import { AdvisoryLocks } from '../../settings/advisory-locks.ts'
import { SessionSettings, type Pin } from '../../settings/session-settings.ts'
import { TemporaryObjects } from '../../settings/temporary-objects.ts'
import type { NameReader } from '../../statement/names.ts'
import type { Statement } from '../../statement/statement.ts'

/** Result of a function that succeeds, such as one that takes a lock. */
const TAKEN = { rows: [[true]] }

/**
 * State that the statements of one client leave, as a routed client keeps it. No server answers here, so every
 * statement is taken to have succeeded.
 */
export class ClientState {
  readonly #names: NameReader
  readonly #settings = new SessionSettings(() => false)
  readonly #temporary: TemporaryObjects
  readonly #locks = new AdvisoryLocks()

  constructor(names: NameReader) {
    this.#names = names
    this.#temporary = new TemporaryObjects((sql) => names.givenBy(sql))
  }

  /** Reasons that keep the client on its connection. */
  get pins(): ReadonlySet<Pin> {
    return this.#settings.pins
  }

  /** A setting that keeps reads on the primary, if there is one. */
  get bindingSetting(): string | undefined {
    return this.#settings.journal.binding
  }

  /** Whether a read has to run on the client's connection. */
  binds(sql: string, isInTransaction: boolean): boolean {
    const { pins } = this
    if (pins.size === 0) return false
    const isTemporaryAlone = pins.size === 1 && pins.has('temporary-object')
    const names = isTemporaryAlone && !isInTransaction ? this.#temporary.names : undefined
    return names === undefined || !this.#names.standsApart(sql, [], names)
  }

  ran(statement: Statement, sql: string, wasInTransaction: boolean, isInTransaction: boolean): void {
    this.#settings.starts(statement)
    this.#locks.starts(statement, sql)
    if (statement.kind !== 'read') this.#lookForTemporary(statement, sql)
    const { reason } = statement
    this.#settings.ended(statement, [], {
      wasInTransaction,
      status: isInTransaction ? 'T' : 'I',
      isFailed: false,
      command: reason === 'commit' ? 'COMMIT' : reason === 'rollback' ? 'ROLLBACK' : undefined,
    })
    if (!wasInTransaction && statement.mentions?.includes('backend') === true) this.#settings.pin('backend')
    const { uncertain } = this.#settings
    if (!isInTransaction && uncertain.length > 0) this.#settings.answered(uncertain, [])
    if (this.#locks.ended(false, TAKEN) && this.#locks.areFree && !this.pins.has('unknown')) {
      this.#settings.unpin('advisory-lock')
    }
    if (this.pins.size === 0) this.#clear()
  }

  /** Lets go of everything but settings, as a client that is released does. */
  released(): void {
    this.#settings.released()
    this.#clear()
  }

  #clear(): void {
    this.#locks.clear()
    this.#temporary.clear()
  }

  #lookForTemporary(statement: Statement, sql: string): void {
    const path = this.#settings.journal.get('search_path')
    if (this.#temporary.areMadeBy(statement, [], path)) this.#settings.pin('temporary-object')
    if (this.pins.has('temporary-object')) this.#temporary.namedBy(sql)
  }
}
