import type { PoolClient } from 'pg'
import { withOutcome } from '../errors/outcome.ts'
import { SwitchyardError } from '../errors/error.ts'
import { queryUnseen } from '../platform/unseen.ts'
import type { Acquire } from './acquire.ts'
import { askSettings } from './ask.ts'
import { difference } from './difference.ts'
import { HookTraces } from './hook-traces.ts'
import { Journal } from './journal.ts'
import type { Statement } from '../statement/statement.ts'
import { namesSet } from './operation.ts'
import type { Done, Send } from './send.ts'

/** Since version 8.23 node-postgres can send a query before the last one is answered. */
interface Pipelining {
  pipeline?: boolean
}

/** What is known of one connection. */
interface Known {
  journal: Journal
  /** What the application has set there when it connected, as far as it was asked for. Absent: it has sent nothing. */
  readonly own: Map<string, string | null> | undefined
}

/** Whose settings a connection gets when it is checked out while the pool has `acquire` listeners. */
export interface Checkout {
  readonly acquire: Acquire
  /** The pool's own settings: listeners may override them. */
  readonly base: Journal
  /** The caller's settings on top of these: they override what listeners set. */
  readonly journal: Journal
}

/**
 * Which settings each connection has, and how it gets others. Whoever uses a connection says which journal it needs; what
 * differs is sent in front. Who needs what is there already pays for one comparison.
 */
export class ConnectionSettings {
  readonly #known = new WeakMap<PoolClient, Known>()
  readonly #spoilt = new WeakSet<PoolClient>()
  readonly #temporary = new WeakSet<PoolClient>()
  readonly #touched = new WeakSet<PoolClient>()
  /** What listeners of `acquire` and `release` have sent over it, and not been undone yet. */
  readonly #traces = new WeakMap<PoolClient, HookTraces>()
  /** Nothing has ever been set: then nothing has to be looked up. */
  #isUntouched = true
  #hasOwn = false

  /** True once the application has sent something over a connection that was being opened: it may have settings of its own. */
  get hasOwn(): boolean {
    return this.#hasOwn
  }

  /** The application has sent something over a connection that is being opened. */
  touchedByHook(client: PoolClient): void {
    if (this.#known.get(client)?.own !== undefined) return
    this.#isUntouched = false
    this.#hasOwn = true
    this.#known.set(client, { journal: this.journalOf(client), own: new Map() })
  }

  /** True when the application has sent something over it while it was being opened. */
  isHooked(client: PoolClient): boolean {
    return this.#hasOwn && this.#known.get(client)?.own !== undefined
  }

  /** A listener of `acquire` or `release` is about to send this statement. */
  sentByListener(client: PoolClient, statement: Statement, values: readonly unknown[]): void {
    // What a `connect` listener has set there is learned in front of it, over the same connection.
    this.remember(client, namesSet(statement, values), (error) => {
      if (error) this.spoil(client)
    })
    let traces = this.#traces.get(client)
    if (traces === undefined) this.#traces.set(client, (traces = new HookTraces()))
    traces.add(statement, values, this.journalOf(client))
    if (traces.cleaning(this.isHooked(client)) === 'close') this.spoil(client)
    this.#isUntouched = false
    this.#hasOwn = true
    this.touched(client)
  }

  journalOf(client: PoolClient): Journal {
    return this.#known.get(client)?.journal ?? Journal.empty
  }

  /** What was set over it is what this journal says. */
  note(client: PoolClient, journal: Journal): void {
    if (journal === Journal.empty && this.#isUntouched) return
    this.#isUntouched = false
    const known = this.#known.get(client)
    if (known === undefined) this.#known.set(client, { journal, own: undefined })
    else known.journal = journal
  }

  /** Settings were made or undone there, by name or all at once: what somebody has set beside the journals may be gone. */
  touched(client: PoolClient): void {
    this.#touched.add(client)
  }

  /** True when it was touched since it was asked for the last time. */
  takeTouched(client: PoolClient): boolean {
    return this.#touched.delete(client)
  }

  /** It has something that cannot be undone. It is to be closed, and not to be lent again. */
  spoil(client: PoolClient): void {
    this.#spoilt.add(client)
  }

  isSpoilt(client: PoolClient): boolean {
    return this.#spoilt.has(client)
  }

  /** The path that it began with, by its role, its database or a hook, names the temporary schema. */
  beginsTemporary(client: PoolClient): void {
    this.#temporary.add(client)
  }

  /** True where what is made without a schema may be temporary though nothing was set. */
  mayMakeTemporary(client: PoolClient): boolean {
    return this.#temporary.has(client)
  }

  /** Gives the connection the settings of the journal. It must be idle, without a transaction. */
  bring(client: PoolClient, journal: Journal, done: (error: Error | undefined) => void): void {
    if (journal === Journal.empty && this.#isUntouched) return done(undefined)
    const traces = this.#traces.get(client)
    const now = this.journalOf(client)
    if (now === journal && traces === undefined) return done(undefined)
    const undoing = traces?.cleaning(this.isHooked(client)) ?? []
    // A connection that has to be closed is not lent again, and its holder keeps what is there.
    const cleaning = undoing === 'close' ? [] : undoing
    const left = cleaning.includes('RESET ALL') ? Journal.empty : now
    this.#change(client, traces?.over(left) ?? left, journal, cleaning, (error) => {
      if (error === undefined) this.#traces.delete(client)
      done(error)
    })
  }

  /** Checks the connection out: gives it the pool's settings, then what `acquire` listeners do, then the caller's settings. */
  checkOut(client: PoolClient, checkout: Checkout, done: (error: Error | undefined) => void): void {
    const { acquire, base, journal } = checkout
    this.bring(client, base, (refusal) => {
      if (refusal) return done(refusal)
      acquire(client, (error) => {
        if (error !== undefined || journal === base) return done(error)
        this.#change(client, base, journal, [], done)
      })
    })
  }

  /** Sends what leads from the settings of one journal to those of another, behind other statements. */
  #change(
    client: PoolClient,
    from: Journal,
    to: Journal,
    before: readonly string[],
    done: (error: Error | undefined) => void,
  ): void {
    const names = [...to.names()].filter((name) => from.get(name) === undefined)
    this.remember(client, names, (error) => {
      if (error) return done(error)
      const statements = [...before, ...difference(from, to, this.#known.get(client)?.own)]
      if (statements.length === 0) {
        this.note(client, to)
        return done(undefined)
      }
      this.touched(client)
      queryUnseen(client, statements.join('; '), (failure) => {
        if (!failure) this.note(client, to)
        // node-postgres says null where there is none.
        done(failure ? refused(failure) : undefined)
      })
    })
  }

  /** Before settings of these names are made: learns what the application has set there itself, to go back to. */
  remember(client: PoolClient, names: readonly string[], done: (error: Error | undefined) => void): void {
    const own = this.#hasOwn ? this.#known.get(client)?.own : undefined
    const unknown = own === undefined ? [] : names.filter((name) => !own.has(name))
    if (own === undefined || unknown.length === 0) return done(undefined)
    askSettings(client, unknown, (error, values) => {
      for (const [index, name] of unknown.entries()) own.set(name, values[index] ?? null)
      done(error && withOutcome(error, 'not-sent'))
    })
  }

  /** True when it is known what to go back to from the settings that the statement makes. */
  remembers(client: PoolClient, statement: Statement, values: readonly unknown[]): boolean {
    const own = this.#hasOwn ? this.#known.get(client)?.own : undefined
    return own === undefined || namesSet(statement, values).every((name) => own.has(name))
  }

  /**
   * Sends a statement under the settings of a journal. What differs is sent in front, in the same round trip where the
   * statement does no harm when the settings are refused. That is told as `SWITCHYARD_SETTING_REFUSED`.
   */
  under(journal: Journal, send: Send, canPipeline: boolean): Send {
    return (client, done) => {
      // Asked now and not before: meanwhile it may have waited, and somebody else have set something.
      if (journal === Journal.empty && this.#isUntouched) return send(client, done)
      if (this.journalOf(client) === journal && !this.#traces.has(client)) return send(client, done)
      if (canPipeline && !this.isHooked(client) && 'pipeline' in client) {
        return this.#inOneRoundTrip(client, journal, send, done)
      }
      this.bring(client, journal, (error) => {
        if (error) done(error)
        else send(client, done)
      })
    }
  }

  /** Sends a statement over a connection that is checked out for it alone. */
  checkedOut(checkout: Checkout, send: Send): Send {
    return (client, done) => {
      this.checkOut(client, checkout, (error) => {
        if (error) done(error)
        else send(client, done)
      })
    }
  }

  #inOneRoundTrip(client: PoolClient & Pipelining, journal: Journal, send: Send, done: Done): void {
    const pipeline = client.pipeline ?? false
    client.pipeline = true
    let failure: Error | undefined
    this.bring(client, journal, (error) => (failure = error))
    send(client, (error, result) => {
      client.pipeline = pipeline
      if (failure) done(failure)
      else done(error, result)
    })
  }
}

/**
 * Classes of SQLSTATE that say something of the server or of the connection, and nothing of a setting: connection exceptions,
 * insufficient resources, operator intervention, system and internal errors. Of class 25, sessions that were ended.
 */
const OF_THE_SERVER = /^(?:08|53|57|58|XX|25P0[34])/

/** What a statement fails with whose settings could not be made: it was not sent. */
function refused(cause: Error): Error {
  const code = String(Reflect.get(cause, 'code'))
  if (!('severity' in cause) || OF_THE_SERVER.test(code)) return withOutcome(cause, 'not-sent')
  const message = `A server refused settings that its session has made over another connection (${code})`
  return withOutcome(new SwitchyardError('SWITCHYARD_SETTING_REFUSED', message, { cause }), 'not-sent')
}
