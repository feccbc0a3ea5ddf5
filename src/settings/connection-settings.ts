import type { PoolClient } from 'pg'
import { withOutcome } from '../errors/outcome.ts'
import { SwitchyardError } from '../errors/error.ts'
import { exchange, NOTHING, type End, type Question, type Send } from '../nodes/exchange.ts'
import type { Acquire } from './acquire.ts'
import { difference } from './difference.ts'
import { HookTraces } from './hook-traces.ts'
import { Journal } from './journal.ts'
import type { Statement } from '../statement/statement.ts'
import { namesSet } from './operation.ts'
import { queryFor, valuesIn } from './value.ts'

/** The settings of one connection, as far as they are known. */
interface Known {
  journal: Journal
  /** Settings that the application has made there when it connected, as far as they were asked for. Absent: it has sent nothing. */
  readonly own: Map<string, string | null> | undefined
}

/** The settings that a connection gets when it is checked out while the pool has `acquire` listeners. */
export interface Checkout {
  readonly acquire: Acquire
  /** The pool's own settings: listeners may override them. */
  readonly base: Journal
  /** The caller's settings on top of these: they override what listeners set. */
  readonly journal: Journal
}

/**
 * Knows the settings of each connection, and how it gets others. A user of a connection says which journal it needs; what
 * differs is sent in front. Where the connection has the journal already, this costs one comparison.
 */
export class ConnectionSettings {
  readonly #known = new WeakMap<PoolClient, Known>()
  readonly #spoilt = new WeakSet<PoolClient>()
  readonly #temporary = new WeakSet<PoolClient>()
  readonly #touched = new WeakSet<PoolClient>()
  /** Traces of listeners of `acquire` and `release` that have not been undone yet. */
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
    exchange(client, { before: this.remembering(client, namesSet(statement, values)) }, (error) => {
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

  /** Notes that a connection has the settings of this journal. */
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

  /**
   * Gives the questions after which a connection has the settings of a journal: none where it has them. It must be idle then,
   * without a transaction.
   */
  steps(client: PoolClient, journal: Journal): readonly Question[] {
    if (journal === Journal.empty && this.#isUntouched) return NOTHING
    const traces = this.#traces.get(client)
    const now = this.journalOf(client)
    if (now === journal && traces === undefined) return NOTHING
    const undoing = traces?.cleaning(this.isHooked(client)) ?? []
    // A connection that has to be closed is not lent again, and its holder keeps what is there.
    const cleaning = undoing === 'close' ? [] : undoing
    const left = cleaning.includes('RESET ALL') ? Journal.empty : now
    const from = traces?.over(left) ?? left
    return this.#changing(client, from, journal, cleaning, () => this.#traces.delete(client))
  }

  /** Gives the questions that lead from the settings of one journal to those of another, behind other statements. */
  #changing(
    client: PoolClient,
    from: Journal,
    to: Journal,
    first: readonly string[] = [],
    changed: () => void = nothing,
  ): readonly Question[] {
    const names = [...to.names()].filter((name) => from.get(name) === undefined)
    const made = (): undefined => {
      this.note(client, to)
      changed()
    }
    const change: Question = {
      ask: () => {
        const statements = [...first, ...difference(from, to, this.#known.get(client)?.own)]
        if (statements.length === 0) return made()
        this.touched(client)
        return statements.join('; ')
      },
      answered: (error) => (error ? { error: refused(error) } : made()),
    }
    return [...this.remembering(client, names), change]
  }

  /**
   * Before settings of these names are made: gives the questions for what the application has set there itself, to go back to.
   */
  remembering(client: PoolClient, names: readonly string[]): readonly Question[] {
    const own = this.#hasOwn ? this.#known.get(client)?.own : undefined
    const unknown = own === undefined ? [] : names.filter((name) => !own.has(name))
    if (own === undefined || unknown.length === 0) return NOTHING
    const answered = (error: Error | undefined, result: unknown): End | undefined => {
      const values = valuesIn(result)
      for (const [index, name] of unknown.entries()) own.set(name, values[index] ?? null)
      return error && { error: withOutcome(error, 'not-sent') }
    }
    return [{ ask: queryFor(unknown), answered }]
  }

  /** True when it is known what to go back to from the settings that the statement makes. */
  remembers(client: PoolClient, statement: Statement, values: readonly unknown[]): boolean {
    const own = this.#hasOwn ? this.#known.get(client)?.own : undefined
    return own === undefined || namesSet(statement, values).every((name) => own.has(name))
  }

  /**
   * Sends a statement under the settings of a journal. What differs is sent in front, in the same round trip where the
   * statement does no harm when the settings are refused. That is told as `SWITCHYARD_SETTING_REFUSED`.
   * @param query Absent: the settings are all there is to send.
   */
  under(journal: Journal, query: Send | undefined, canPipeline: boolean): Send {
    return (client, done) => {
      // Asked now and not before: meanwhile it may have waited, and somebody else have set something.
      const before = this.steps(client, journal)
      // What a hook has set has to be known before it is overridden.
      exchange(client, { before, query, canPipeline: canPipeline && !this.isHooked(client) }, done)
    }
  }

  /**
   * Sends a statement over a connection that is checked out for it alone: under the pool's settings, then what `acquire`
   * listeners set, then the caller's settings.
   */
  checkedOut({ acquire, base, journal }: Checkout, query: Send | undefined): Send {
    const acquired: Send = (client, done) => {
      acquire(client, (error) => {
        if (error !== undefined) return done(error)
        const before = journal === base ? NOTHING : this.#changing(client, base, journal)
        exchange(client, { before, query }, done)
      })
    }
    return this.under(base, acquired, false)
  }
}

function nothing(): void {}

/**
 * Classes of SQLSTATE that say something of the server or of the connection, and nothing of a setting: connection exceptions,
 * insufficient resources, operator intervention, system and internal errors. Of class 25, sessions that were ended.
 */
const OF_THE_SERVER = /^(?:08|53|57|58|XX|25P0[34])/

/** Makes the error of a statement whose settings could not be made: it was not sent. */
function refused(cause: Error): Error {
  const code = String(Reflect.get(cause, 'code'))
  if (!('severity' in cause) || OF_THE_SERVER.test(code)) return withOutcome(cause, 'not-sent')
  const message = `A server refused settings that its session has made over another connection (${code})`
  return withOutcome(new SwitchyardError('SWITCHYARD_SETTING_REFUSED', message, { cause }), 'not-sent')
}
