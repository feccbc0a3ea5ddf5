import type { PoolClient } from 'pg'
import { exchange, type Done, type SideQuery, type Send } from '../nodes/exchange.ts'
import type { Overlay } from '../consistency/overlay.ts'
import type { NameReader } from '../statement/names.ts'
import type { Statement } from '../statement/statement.ts'
import type { Acquire } from './acquire.ts'
import { AdvisoryLocks } from './advisory-locks.ts'
import { cleaningOf } from './cleaning.ts'
import { Journal } from './journal.ts'
import { withOverlay } from './overlay-journal.ts'
import type { Ending, Pin, SessionSettings } from './session-settings.ts'
import type { SettingKeeper } from './setting-keeper.ts'
import { TemporaryObjects } from './temporary-objects.ts'

const HIDING: readonly Pin[] = ['temporary-object', 'unknown', 'library']

/** The text and parameters of a statement. */
interface Sent {
  readonly text: string | undefined
  readonly values: readonly unknown[]
}

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
  #hasOverlay = false

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

  /**
   * Applies the pool's newer settings to a client that is checked out, except those that it has set itself.
   * @param overlay Settings of the session that it is checked out in. Earlier settings of the client must not replace
   * them, and settings that it makes under them end with this checkout.
   */
  checkedOut(overlay: Overlay | undefined): void {
    if (overlay !== undefined || this.#hasOverlay) this.#session.forget()
    this.#hasOverlay = overlay !== undefined
    this.#session.rebase(withOverlay(this.#keeper.pool.journal, overlay))
  }

  /**
   * Applies the settings of this client to a clean connection.
   * @param acquire Runs `acquire` listeners first. Absent without listeners.
   */
  borrowed(client: PoolClient, acquire: Acquire | undefined, done: (error: Error | undefined) => void): void {
    if (this.#keeper.connections.temporary.has(client)) this.#temporary.mayBeMade()
    this.#keeper.under(this.journal, undefined, false, acquire)(client, done)
  }

  /** Whether objects may be on its connection that no catalog knows, so that footprints do not hold there. */
  hidesObjects(client: PoolClient): boolean {
    return HIDING.some((pin) => this.pins.has(pin)) || this.#keeper.hidden.has(client)
  }

  pin(pin: Pin): void {
    this.#session.pin(pin)
    this.#tell()
  }

  /** Records a statement that is about to be sent. */
  starts(statement: Statement, { text, values }: Sent): void {
    this.#session.starts(statement)
    this.#locks.starts(statement, text ?? '')
    if (statement.kind !== 'read') this.#lookForTemporary(statement, text, values)
    this.#tell()
  }

  /** Sends a statement that makes settings outside of a transaction: asks first what there is to go back to. */
  send(client: PoolClient, statement: Statement, values: readonly unknown[], query: Send, done: Done): void {
    exchange(client, { before: this.#keeper.remembering(client, statement, values), query }, done)
  }

  /** Records the end of a statement. Calls `next` when the settings are certain. */
  ended(
    client: PoolClient,
    statement: Statement,
    values: readonly unknown[],
    ending: Ending,
    next: () => void,
  ): void {
    if (statement.settings !== undefined) this.#touched(client, statement, values, ending.wasInTransaction)
    this.#session.ended(statement, values, ending)
    const isOfLocks = this.#locks.ended(ending.isFailed, ending.result)
    // A statement that could not be analyzed may have taken locks too.
    if (isOfLocks && this.#locks.areFree && !this.pins.has('unknown')) {
      this.#session.unpin('advisory-lock')
      this.#told.delete('advisory-lock')
    }
    if (!this.isPinned) this.#locks.clear()
    this.#tell()
    if (ending.status !== 'I') return next()
    if (this.#session.isCertain) {
      this.#keeper.connections.note(client, this.journal)
      next()
    } else this.#settle(client, next)
  }

  /** Cleans the connection before it is returned. Calls `done` with the argument for its release. */
  returns(client: PoolClient, isInTransaction: boolean, done: (error: true | undefined) => void): void {
    const { connections } = this.#keeper
    const cleaning = connections.isSpoilt(client)
      ? 'close'
      : cleaningOf(this.pins, isInTransaction, connections.isHooked(client))
    // State that a function may have left stays.
    if (this.pins.has('unknown') && connections.isHooked(client)) this.#keeper.hidden.add(client)
    const wasReset = cleaning !== 'close' && cleaning.includes('RESET ALL')
    this.released()
    if (cleaning === 'close') return done(true)
    if (cleaning.length === 0) return done(undefined)
    const query: SideQuery = {
      ask: cleaning.join('; '),
      answered: (error) => {
        if (wasReset) connections.note(client, Journal.empty)
        if (wasReset) connections.touched(client)
        return error && { error }
      },
    }
    exchange(client, { before: [query] }, (error) => done(error ? true : undefined))
  }

  /** Resets the state of the returned connection. */
  released(): void {
    this.#session.released()
    this.#tell()
    this.#temporary.clear()
    this.#locks.clear()
  }

  /** Asks the server what is not certain. */
  #settle(client: PoolClient, next: () => void): void {
    this.#keeper.settle(client, [this.#session], () => {
      this.#keeper.connections.note(client, this.journal)
      this.#tell()
      next()
    })
  }

  /** A statement has made settings over the connection. */
  #touched(
    client: PoolClient,
    statement: Statement,
    values: readonly unknown[],
    wasInTransaction: boolean,
  ): void {
    const { connections } = this.#keeper
    connections.touched(client)
    if (!wasInTransaction || !connections.isHooked(client)) return
    if (!connections.remembers(client, statement, values)) connections.spoil(client)
  }

  #lookForTemporary(statement: Statement, text: string | undefined, values: readonly unknown[]): void {
    const path = this.journal.get('search_path')
    if (this.#temporary.areMadeBy(statement, values, path)) this.#session.pin('temporary-object')
    if (this.pins.has('temporary-object')) this.#temporary.namedBy(text ?? '')
  }

  /** Tells of pins that are new, and forgets those that are gone all at once. */
  #tell(): void {
    if (!this.isPinned) {
      if (this.#told.size > 0) this.#told.clear()
      return
    }
    for (const pin of this.#session.pins) {
      if (this.#told.has(pin)) continue
      this.#told.add(pin)
      this.#pinned(pin)
    }
  }
}
