import type { PoolClient } from 'pg'
import type { Acquire } from './acquire.ts'
import { exchange, NOTHING, type End, type Question, type Send } from '../nodes/exchange.ts'
import { ConnectionSettings } from './connection-settings.ts'
import type { Journal } from './journal.ts'
import { namesSet } from './operation.ts'
import { SessionSettings } from './session-settings.ts'
import { TEMPORARY_PATH } from './temporary-objects.ts'
import type { Statement } from '../statement/statement.ts'
import { queryFor, valuesIn } from './value.ts'

/** Keeps the settings that sessions have made, and which connections have them. One per pool. */
export class SettingKeeper {
  readonly connections: ConnectionSettings = new ConnectionSettings()
  /** The pool's own: of its queries, and what clients begin with. */
  readonly pool: SessionSettings = this.#session()
  readonly #refused = new WeakSet<Journal>()

  /** False for a connection that is not for anybody else. */
  readonly isLendable = (client: PoolClient): boolean => !this.connections.isSpoilt(client)

  /** Notes what a new connection to the primary begins with, and tells its `synchronous_commit`. */
  opened(
    client: PoolClient,
    told: (synchronousCommit: string | null | undefined) => void,
    proceed: () => void,
  ): void {
    // The next user of the connection hears of an error.
    const answered = (_error: Error | undefined, result: unknown): undefined => {
      const [path, synchronousCommit] = valuesIn(result)
      if (TEMPORARY_PATH.test(path ?? '')) this.connections.beginsTemporary(client)
      told(synchronousCommit)
    }
    const ask = queryFor(['search_path', 'synchronous_commit'])
    exchange(client, { before: [{ ask, answered }] }, () => proceed())
  }

  /** Settings of a new client. */
  begin(): SessionSettings {
    const session = this.#session()
    session.rebase(this.pool.journal)
    return session
  }

  /** True when reads of a session with these settings stay on the primary. */
  binds(journal: Journal): boolean {
    return journal.binding !== undefined || this.#refused.has(journal)
  }

  /**
   * Sends a statement under these settings.
   * @param journal Absent: the pool's own.
   * @param query Absent: the settings are all there is to send.
   * @param acquire Runs `acquire` listeners in front of the statement. Absent where there are none.
   */
  under(
    journal: Journal | undefined,
    query: Send | undefined,
    canPipeline: boolean,
    acquire?: Acquire,
  ): Send {
    const base = this.pool.journal
    if (acquire === undefined) return this.connections.under(journal ?? base, query, canPipeline)
    return this.connections.checkedOut({ acquire, base, journal: journal ?? base }, query)
  }

  /** A replica did not take these settings. */
  refused(journal: Journal): void {
    this.#refused.add(journal)
  }

  /** Sends a statement of the pool's own, which may make settings for those that follow. */
  ofPool(statement: Statement, values: readonly unknown[], query: Send): Send {
    if (statement.settings === undefined) return query
    const noted: Send = (client, done) => {
      query(client, (error, result) => {
        if (error) return done(error)
        this.#poolRan(client, statement, values, (failure) => done(failure, failure ? undefined : result))
      })
    }
    return (client, done) => {
      exchange(client, { before: this.remembering(client, statement, values), query: noted }, done)
    }
  }

  /** Before a statement that makes settings: gives the questions for what there is to go back to. */
  remembering(client: PoolClient, statement: Statement, values: readonly unknown[]): readonly Question[] {
    if (statement.settings === undefined || !this.connections.isHooked(client)) return NOTHING
    return this.connections.remembering(client, namesSet(statement, values))
  }

  /** Asks for what is not certain of sessions, over a connection without a transaction that has all that they have set. */
  settle(
    client: PoolClient,
    sessions: readonly SessionSettings[],
    done: (error: Error | undefined) => void,
  ): void {
    const names = [...new Set(sessions.flatMap(({ uncertain }) => uncertain))]
    if (names.length === 0) return done(undefined)
    const answered = (error: Error | undefined, result: unknown): End | undefined => {
      if (error) return { error }
      for (const session of sessions) session.answered(names, valuesIn(result))
      return undefined
    }
    exchange(client, { before: [{ ask: queryFor(names), answered }] }, done)
  }

  #poolRan(
    client: PoolClient,
    statement: Statement,
    values: readonly unknown[],
    done: (error: Error | undefined) => void,
  ): void {
    const { connections, pool } = this
    connections.touched(client)
    // Others may have changed the pool's settings meanwhile, but not those of this connection.
    const here = this.#session()
    here.rebase(connections.journalOf(client))
    const ending = { wasInTransaction: false, status: 'I', isFailed: false, command: undefined } as const
    for (const session of [pool, here]) session.ended(statement, values, ending)
    this.settle(client, [pool, here], (error) => {
      if (here.pins.size > 0) connections.spoil(client)
      connections.note(client, here.journal)
      pool.released()
      done(error)
    })
  }

  #session(): SessionSettings {
    return new SessionSettings(() => this.connections.hasOwn)
  }
}
