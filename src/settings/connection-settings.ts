import type { PoolClient } from 'pg'
import { withOutcome } from '../errors/outcome.ts'
import { exchange, NOTHING, type End, type SideQuery, type Send } from '../nodes/exchange.ts'
import type { Acquire } from './acquire.ts'
import { CustomSettings } from '../nodes/custom-settings.ts'
import { difference, type Difference } from './difference.ts'
import { HookTraces } from './hook-traces.ts'
import { Journal } from './journal.ts'
import type { Statement } from '../statement/statement.ts'
import { namesSet } from './operation.ts'
import { refused } from './refused.ts'
import { queryFor, settingText, valuesIn } from './value.ts'

/** Known settings of one connection. */
interface Known {
  journal: Journal
  /** Initial settings by the application's hooks, as far as they were queried. Absent: no hook has sent a statement. */
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
 * Tracks the settings of each connection. A user of a connection names the journal that it needs, and the difference is
 * sent first. If the connection already has the journal, this costs one comparison.
 */
export class ConnectionSettings {
  readonly custom: CustomSettings = new CustomSettings()
  /**
   * Connections whose initial search_path contains the temporary schema: objects created without a schema may be
   * temporary although no setting was changed.
   */
  readonly temporary: WeakSet<PoolClient> = new WeakSet()
  readonly #known = new WeakMap<PoolClient, Known>()
  readonly #spoilt = new WeakSet<PoolClient>()
  readonly #touched = new WeakSet<PoolClient>()
  /** Traces of listeners of `acquire` and `release` that have not been undone yet. */
  readonly #traces = new WeakMap<PoolClient, HookTraces>()
  /** True while no setting was ever changed, so that no look-up is needed. */
  #isUntouched = true
  #hasOwn = false
  /** True once a hook has sent a statement over a new connection, which may have changed its initial settings. */
  get hasOwn(): boolean {
    return this.#hasOwn
  }

  /** Records that a hook has sent a statement over a new connection. */
  touchedByHook(client: PoolClient): void {
    if (this.#known.get(client)?.own !== undefined) return
    this.#isUntouched = false
    this.#hasOwn = true
    this.#known.set(client, { journal: this.journalOf(client), own: new Map() })
  }

  /** Whether a hook has sent a statement over the connection when it was new. */
  isHooked(client: PoolClient): boolean {
    return this.#hasOwn && this.#known.get(client)?.own !== undefined
  }

  /** Records a statement that a listener of `acquire` or `release` is about to send. */
  sentByListener(client: PoolClient, statement: Statement, values: readonly unknown[]): void {
    // Initial values by a `connect` listener are queried first, over the same connection.
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

  /** Records that a connection has the settings of this journal. */
  note(client: PoolClient, journal: Journal): void {
    if (journal === Journal.empty && this.#isUntouched) return
    this.#isUntouched = false
    const known = this.#known.get(client)
    if (known === undefined) this.#known.set(client, { journal, own: undefined })
    else known.journal = journal
  }

  /** Records that settings were changed or reset, so that settings outside of the journals may be lost. */
  touched(client: PoolClient): void {
    this.#touched.add(client)
  }

  /** Returns whether it was touched since the last call. */
  takeTouched(client: PoolClient): boolean {
    return this.#touched.delete(client)
  }

  /** Records that it has state that cannot be undone, so that it is closed instead of reused. */
  spoil(client: PoolClient): void {
    this.#spoilt.add(client)
  }

  isSpoilt(client: PoolClient): boolean {
    return this.#spoilt.has(client)
  }

  /**
   * Returns the queries that give a connection the settings of a journal; none if it has them. It must be idle, without
   * a transaction.
   */
  steps(client: PoolClient, journal: Journal): readonly SideQuery[] {
    if (journal === Journal.empty && this.#isUntouched) return NOTHING
    const traces = this.#traces.get(client)
    const now = this.journalOf(client)
    if (now === journal && traces === undefined) return NOTHING
    const undoing = traces?.cleaning(this.isHooked(client)) ?? []
    // A connection that has to be closed is not reused, and its holder keeps its state.
    const cleaning = undoing === 'close' ? [] : undoing
    const left = cleaning.includes('RESET ALL') ? Journal.empty : now
    const from = traces?.over(left) ?? left
    return this.#changing(client, from, journal, cleaning, () => this.#traces.delete(client))
  }

  /** Returns the queries that change the settings of one journal to those of another, after other statements. */
  #changing(
    client: PoolClient,
    from: Journal,
    to: Journal,
    first: readonly string[] = [],
    changed: () => void = nothing,
  ): readonly SideQuery[] {
    const names = [...to.names()].filter((name) => from.get(name) === undefined)
    const made = (): undefined => {
      this.note(client, to)
      changed()
    }
    let given: Difference['given'] = []
    const change: SideQuery = {
      ask: () => {
        const found = difference(from, to, this.#known.get(client)?.own)
        given = found.given
        const statements = [...first, ...found.statements]
        if (statements.length + given.length === 0) return made()
        this.touched(client)
        return statements.length === 0 ? undefined : statements.join('; ')
      },
      answered: (error) => (error ? { error: refused(error) } : given.length === 0 ? made() : undefined),
    }
    const queries = [...this.remembering(client, names), change]
    if (!to.isGiven) return queries
    // Values that the application has given are parameters.
    const give: SideQuery = {
      ask: () => {
        if (given.length === 0) return undefined
        this.custom.mark(client, to.custom)
        return { text: settingText(given.length, 0, false), values: given.flat() }
      },
      answered: (error) => {
        if (!error) return made()
        // Other settings may have been changed before it.
        this.spoil(client)
        return { error: refused(error, true) }
      },
    }
    return [...queries, give]
  }

  /** Returns the queries for the initial values of these settings, to be sent before they are changed. */
  remembering(client: PoolClient, names: readonly string[]): readonly SideQuery[] {
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

  /** Whether the initial values of the settings that the statement changes are known. */
  remembers(client: PoolClient, statement: Statement, values: readonly unknown[]): boolean {
    const own = this.#hasOwn ? this.#known.get(client)?.own : undefined
    return own === undefined || namesSet(statement, values).every((name) => own.has(name))
  }

  /**
   * Sends a statement under the settings of a journal. The difference is sent first, in the same round trip if the
   * statement does no harm when the settings are rejected. That fails with `SWITCHYARD_SETTING_REFUSED`.
   * @param query Absent: sends only the settings.
   */
  under(journal: Journal, query: Send | undefined, canPipeline: boolean): Send {
    return (client, done) => {
      // Computed now and not earlier, since the settings may have changed while it waited.
      const before = this.steps(client, journal)
      // Values set by a hook have to be known before they are overridden.
      exchange(client, { before, query, canPipeline: canPipeline && !this.isHooked(client) }, done)
    }
  }

  /**
   * Sends a statement over a connection that is checked out for it: under the pool's settings, then those of `acquire`
   * listeners, then the caller's.
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
