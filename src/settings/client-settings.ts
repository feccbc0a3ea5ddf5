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
 * What a client has set, and what else it has left on the connection that it has borrowed. It keeps its settings as long as
 * it lives, over other connections too, and what else it leaves until it is released.
 */
export class ClientSettings {
  readonly #keeper: SettingKeeper
  readonly #session: SessionSettings
  readonly #pinned: (pin: Pin) => void
  readonly #told = new Set<Pin>()
  readonly #temporary: TemporaryObjects
  readonly #locks = new AdvisoryLocks()

  /** @param pinned Told why the client stays on its connection, once for each reason. */
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
   * The names of which a read must mean none to run on another connection, where temporary objects are all that this
   * one holds; else `undefined`.
   */
  get temporaryNames(): ReadonlySet<string> | undefined {
    const isAll = this.pins.size === 1 && this.pins.has('temporary-object')
    return isAll ? this.#temporary.names : undefined
  }

  /** True when reads stay on the primary because of what is set. */
  get bindsReads(): boolean {
    return this.#keeper.binds(this.journal)
  }

  /** It is handed out: what the pool has set since then is set for it too, unless it has set that itself. */
  checkedOut(): void {
    this.#session.rebase(this.#keeper.pool.journal)
  }

  /**
   * Gives a connection, which nobody has begun anything on, the settings of this client.
   * @param acquire Runs `acquire` listeners first. Absent where there are none.
   */
  borrowed(client: PoolClient, acquire: Acquire | undefined, done: (error: Error | undefined) => void): void {
    if (this.#keeper.connections.mayMakeTemporary(client)) this.#temporary.mayBeMade()
    this.#keeper.under(this.journal, undefined, false, acquire)(client, done)
  }

  pin(pin: Pin): void {
    this.#session.pin(pin)
    this.#tell()
  }

  /** A statement is about to be sent. Gives how. */
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
      // To ask within a transaction might be what it begins with, and decides what it sees.
      const before = isInTransaction ? NOTHING : this.#keeper.remembering(client, statement, values)
      exchange(client, { before, query: send }, done)
    }
  }

  /** The server is ready for the next statement. `next` is called when it is certain what is set. */
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
    // What could not be looked into may have taken some, too.
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

  /**
   * The connection is to be given back. `done` is called with what to release it with, once nobody will find on it what
   * this client has left there.
   */
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

  /** Nothing is borrowed any more. */
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
