import type { PoolClient } from 'pg'
import type { Acquire } from './acquire.ts'
import { askSettings } from './ask.ts'
import { ConnectionSettings } from './connection-settings.ts'
import type { Journal } from './journal.ts'
import { namesSet } from './operation.ts'
import type { Done, Send } from './send.ts'
import { SessionSettings } from './session-settings.ts'
import { TEMPORARY_PATH } from './temporary-objects.ts'
import type { Statement } from '../statement/statement.ts'

/** What sessions have set, and which connections have it. One per pool. */
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
    // Whoever uses the connection next will hear of an error.
    askSettings(client, ['search_path', 'synchronous_commit'], (_error, [path, synchronousCommit]) => {
      if (TEMPORARY_PATH.test(path ?? '')) this.connections.beginsTemporary(client)
      told(synchronousCommit)
      proceed()
    })
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
   * @param acquire Runs `acquire` listeners in front of the statement. Absent where there are none.
   */
  under(journal: Journal | undefined, send: Send, canPipeline: boolean, acquire?: Acquire): Send {
    const base = this.pool.journal
    if (acquire === undefined) return this.connections.under(journal ?? base, send, canPipeline)
    return this.connections.checkedOut({ acquire, base, journal: journal ?? base }, send)
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
    askSettings(client, names, (error, values) => {
      if (error === undefined) for (const session of sessions) session.answered(names, values)
      done(error)
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
