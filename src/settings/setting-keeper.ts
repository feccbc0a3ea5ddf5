import type { PoolClient } from 'pg'
import type { Overlay } from '../consistency/overlay.ts'
import type { Query } from '../nodes/query.ts'
import type { Acquire } from './acquire.ts'
import { exchange, NOTHING, type End, type SideQuery, type Send } from '../nodes/exchange.ts'
import { ConnectionSettings } from './connection-settings.ts'
import { HiddenObjects } from './hidden-objects.ts'
import type { Journal } from './journal.ts'
import { namesSet } from './operation.ts'
import { overlaid } from './overlaid.ts'
import { SessionSettings } from './session-settings.ts'
import { TEMPORARY_PATH } from '../statement/mentions.ts'
import type { Statement } from '../statement/statement.ts'
import { queryFor, valuesIn } from './value.ts'

/** Tracks the settings of sessions and of connections. One per pool. */
export class SettingKeeper {
  readonly connections: ConnectionSettings = new ConnectionSettings()
  readonly hidden: HiddenObjects = new HiddenObjects()
  /** The pool's own settings: of its queries, and the initial ones of its clients. */
  readonly pool: SessionSettings = this.#session()
  readonly #refused = new WeakSet<Journal>()

  /** False for a connection that no other caller will use. */
  readonly isLendable = (client: PoolClient): boolean => !this.connections.isSpoilt(client)

  /**
   * Records the initial settings of a new connection to the primary, and reports its `synchronous_commit`. Then tells
   * whether its server may be a standby.
   */
  opened(
    client: PoolClient,
    told: (synchronousCommit: string | null | undefined) => void,
    proceed: (mayBeStandby: boolean) => void,
  ): void {
    let mayBeStandby = false
    // An error will reach the next user of the connection.
    const answered = (_error: Error | undefined, result: unknown): undefined => {
      const [path, synchronousCommit, inHotStandby] = valuesIn(result)
      if (TEMPORARY_PATH.test(path ?? '')) this.connections.temporary.add(client)
      // PostgreSQL 13 has no such setting, and a pooler that spreads reads may answer with that of another server.
      mayBeStandby = inHotStandby === 'on' || inHotStandby === null
      told(synchronousCommit)
    }
    const ask = queryFor(['search_path', 'synchronous_commit', 'in_hot_standby'])
    exchange(client, { before: [{ ask, answered }] }, () => proceed(mayBeStandby))
  }

  /** Records a statement that is about to be sent, which may leave objects that no catalog knows. */
  noteObjects(client: PoolClient, statement: Statement): void {
    const { connections } = this
    const path = connections.temporary.has(client)
      ? 'pg_temp'
      : connections.journalOf(client).get('search_path')
    this.hidden.note(client, statement, path)
  }

  /** Settings of a new client. */
  begin(): SessionSettings {
    const session = this.#session()
    session.rebase(this.pool.journal)
    return session
  }

  /** Whether a setting keeps reads of the session on the primary. */
  binds(journal: Journal): boolean {
    return journal.binding !== undefined || this.#refused.has(journal)
  }

  /**
   * Sends a statement under these settings.
   * @param journal Absent: that of the pool.
   * @param query Absent: sends only the settings.
   * @param acquire Runs `acquire` listeners before the statement. Absent without listeners.
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

  /** Records that a replica rejected these settings. */
  refused(journal: Journal): void {
    this.#refused.add(journal)
  }

  /**
   * Returns how a statement is sent, under the settings of its session if it has some. Settings that the statement
   * itself makes then end with it.
   * @param send @defaultValue as its query sends itself
   */
  sendOf(
    overlay: Overlay | undefined,
    query: Query,
    { kind, leavesSessionState, settings }: Statement,
    send: Send = query.send,
  ): Send {
    if (overlay === undefined) return send
    const makesSettings = settings !== undefined
    const leavesState = leavesSessionState || makesSettings || kind === 'transaction'
    const spoil = (client: PoolClient): void => this.connections.spoil(client)
    return overlaid(query, { overlay, custom: this.connections.custom, leavesState, makesSettings, spoil })
  }

  /** Sends a statement of the pool itself, whose settings apply to later ones. */
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

  /** Returns the queries to send before a statement that changes settings, for the values to restore later. */
  remembering(client: PoolClient, statement: Statement, values: readonly unknown[]): readonly SideQuery[] {
    if (statement.settings === undefined || !this.connections.isHooked(client)) return NOTHING
    return this.connections.remembering(client, namesSet(statement, values))
  }

  /** Queries the uncertain settings of sessions over a connection that has their settings and no transaction. */
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
    // The pool's settings may have changed meanwhile, but those of this connection have not.
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
