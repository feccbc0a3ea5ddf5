import type { PoolClient } from 'pg'
import { exchange, NOTHING, type Question, type Send } from '../nodes/exchange.ts'
import type { NameReader } from '../statement/names.ts'
import type { Statement } from '../statement/statement.ts'
import type { Acquire } from './acquire.ts'
import { AdvisoryLocks } from './advisory-locks.ts'
import { cleaningOf } from './cleaning.ts'
import { Journal } from './journal.ts'
import type { Ending, Pin, SessionSettings } from './session-settings.ts'
import type { SettingKeeper } from './setting-keeper.ts'
import { TemporaryObjects } from './temporary-objects.ts'

/**
 * Settings of a client, and other state that it has left on its borrowed connection. Settings last for the client's
 * lifetime, on other connections too; other state lasts until it is released.
 */
export class ClientSettings {
  readonly #keeper: SettingKeeper
  readonly #session: SessionSettings
  readonly #pinned: (pin: Pin) => void
  readonly #told = new Set<Pin>()
  readonly #temporary: TemporaryObjects
  readonly #locks = new AdvisoryLocks()

  /** @param pinned Called with each reason that pins the client to its connection, once. */
  constructor(keeper: SettingKeeper, names: Pick<NameReader, 'givenBy'>, pinned: (pin: Pin) => void) {
    this.#keeper = keeper
    this.#temporary = new TemporaryObjects((sql) => names.givenBy(sql))
    this.#session = keeper.begin()
    this.#pinned = pinned
  }

  get journal(): Journal {
    return this.#session.journal
  }

  get pins(): ReadonlySet<Pin> {
    return this.#session.pins
  }

  get isPinned(): boolean {
    return this.#session.pins.size > 0
  }

  /**
   * Names of the client's temporary objects, if these are its only pinned state; else `undefined`. A read that refers
   * to none of them may run on another connection.
   */
  get temporaryNames(): ReadonlySet<string> | undefined {
    const isAll = this.pins.size === 1 && this.pins.has('temporary-object')
    return isAll ? this.#temporary.names : undefined
  }

  /** True when a setting keeps reads on the primary. */
  get bindsReads(): boolean {
    return this.#keeper.binds(this.journal)
  }

  /** Applies the pool's newer settings to a client that is checked out, except those that it has set itself. */
  checkedOut(): void {
    this.#session.rebase(this.#keeper.pool.journal)
  }

  /**
   * Applies the settings of this client to a clean connection.
   * @param acquire Runs `acquire` listeners first. Absent without listeners.
   */
  borrowed(client: PoolClient, acquire: Acquire | undefined, done: (error: Error | undefined) => void): void {
    if (this.#keeper.connections.mayMakeTemporary(client)) this.#temporary.mayBeMade()
    this.#keeper.under(this.journal, undefined, false, acquire)(client, done)
  }

  pin(pin: Pin): void {
    this.#session.pin(pin)
    this.#tell()
  }

  /** Records a statement that is about to be sent. Returns how to send it. */
  starts(
    statement: Statement,
    text: string | undefined,
    values: readonly unknown[],
    send: Send,
    isInTransaction: boolean,
  ): Send {
    this.#session.starts(statement)
    this.#locks.starts(statement, text ?? '')
    if (statement.kind !== 'read') this.#lookForTemporary(statement, text ?? '', values)
    this.#tell()
    if (statement.settings === undefined) return send
    return (client, done) => {
      // A query at the start of a transaction would take its snapshot.
      const before = isInTransaction ? NOTHING : this.#keeper.remembering(client, statement, values)
      exchange(client, { before, query: send }, done)
    }
  }

  /** Records the end of a statement. Calls `next` when the settings are certain. */
  ended(
    client: PoolClient,
    statement: Statement,
    values: readonly unknown[],
    ending: Ending,
    next: () => void,
  ): void {
    const { connections } = this.#keeper
    if (statement.settings !== undefined && ending.wasInTransaction && connections.isHooked(client)) {
      if (!connections.remembers(client, statement, values)) connections.spoil(client)
    }
    if (statement.settings !== undefined) connections.touched(client)
    this.#session.ended(statement, values, ending)
    const isOfLocks = this.#locks.ended(ending.isFailed, ending.result)
    // A statement that could not be analyzed may have taken locks too.
    if (isOfLocks && this.#locks.areFree && !this.pins.has('unknown')) {
      this.#session.unpin('advisory-lock')
      this.#told.delete('advisory-lock')
    }
    if (!this.isPinned) {
      this.#told.clear()
      this.#locks.clear()
    }
    this.#tell()
    const settled = (): void => {
      connections.note(client, this.journal)
      this.#tell()
      next()
    }
    if (ending.status !== 'I') return next()
    if (this.#session.uncertain.length === 0) return settled()
    this.#keeper.settle(client, [this.#session], settled)
  }

  /** Cleans the connection before it is returned. Calls `done` with the argument for its release. */
  returns(client: PoolClient, isInTransaction: boolean, done: (error: true | undefined) => void): void {
    const { connections } = this.#keeper
    const cleaning = connections.isSpoilt(client)
      ? 'close'
      : cleaningOf(this.pins, isInTransaction, connections.isHooked(client))
    const wasReset = cleaning !== 'close' && cleaning.includes('RESET ALL')
    this.released()
    if (cleaning === 'close') return done(true)
    if (cleaning.length === 0) return done(undefined)
    const question: Question = {
      ask: cleaning.join('; '),
      answered: (error) => {
        if (wasReset) connections.note(client, Journal.empty)
        if (wasReset) connections.touched(client)
        return error && { error }
      },
    }
    exchange(client, { before: [question] }, (error) => done(error ? true : undefined))
  }

  /** Resets the state of the returned connection. */
  released(): void {
    this.#session.released()
    this.#told.clear()
    this.#temporary.clear()
    this.#locks.clear()
  }

  #lookForTemporary(statement: Statement, text: string, values: readonly unknown[]): void {
    const path = this.journal.get('search_path')
    if (this.#temporary.areMadeBy(statement, text, values, path)) this.#session.pin('temporary-object')
    if (this.pins.has('temporary-object')) this.#temporary.namedBy(text)
  }

  #tell(): void {
    for (const pin of this.#session.pins) {
      if (this.#told.has(pin)) continue
      this.#told.add(pin)
      this.#pinned(pin)
    }
  }
}
