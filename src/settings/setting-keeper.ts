import type { PoolClient } from 'pg'
import { ConnectionSettings } from './connection-settings.ts'
import type { Journal } from './journal.ts'
import { namesSet } from './operation.ts'
import type { Done, Send } from './send.ts'
import { SessionSettings } from './session-settings.ts'
import { askSql } from './value.ts'
import type { Statement } from '../statement/statement.ts'

/** What sessions have set, and which connections have it. One per pool. */
export class SettingKeeper {
  readonly connections: ConnectionSettings = new ConnectionSettings()
  /** The pool's own: of its queries, and what clients begin with. */
  readonly pool: SessionSettings = this.#session()
  readonly #refused = new WeakSet<Journal>()

  /** False for a connection that is not for anybody else. */
  readonly isLendable = (client: PoolClient): boolean => !this.connections.isSpoilt(client)

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

  /** Sends a statement under these settings, which are the pool's own if they are not said. */
  under(journal: Journal = this.pool.journal, send: Send, canPipeline: boolean): Send {
    return this.connections.under(journal, send, canPipeline)
  }

  /** A replica did not take these settings. */
  refused(journal: Journal): void {
    this.#refused.add(journal)
  }

  /** A statement of the pool's own, which may make settings for those that follow. */
  ofPool(statement: Statement, values: readonly unknown[], send: Send): Send {
    if (statement.settings === undefined) return send
    return (client, done) => {
      const finished: Done = (error, result) => {
        if (error) return done(error)
        this.#poolRan(client, statement, values, (failure) => done(failure, failure ? undefined : result))
      }
      this.remember(client, statement, values, (error) => {
        if (error) done(error)
        else send(client, finished)
      })
    }
  }

  /** Before a statement that makes settings: learns what there is to go back to. */
  remember(
    client: PoolClient,
    statement: Statement,
    values: readonly unknown[],
    done: (error: Error | undefined) => void,
  ): void {
    if (statement.settings === undefined || !this.connections.isHooked(client)) return done(undefined)
    this.connections.remember(client, namesSet(statement, values), done)
  }

  /** Asks for what is not certain of sessions, over a connection without a transaction that has all that they have set. */
  settle(
    client: PoolClient,
    sessions: readonly SessionSettings[],
    done: (error: Error | undefined) => void,
  ): void {
    const names = [...new Set(sessions.flatMap(({ uncertain }) => uncertain))]
    if (names.length === 0) return done(undefined)
    const query = { text: askSql(names), rowMode: 'array' as const }
    client.query(query, (error: Error | undefined, result?: { readonly rows: readonly unknown[] }) => {
      const values = (result?.rows[0] ?? []) as readonly (string | null)[]
      if (!error) for (const session of sessions) session.answered(names, values)
      done(error ?? undefined)
    })
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
