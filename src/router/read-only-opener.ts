import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import type { Opening } from '../client/router-port.ts'
import { asError } from '../errors/as-error.ts'
import type { ReplicaLease } from '../execution/conversation.ts'
import type { Work } from './executors.ts'
import { isBroken } from '../nodes/is-broken.ts'
import { rowsUnseen } from '../platform/unseen.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { Statement } from '../statement/statement.ts'

export interface ReadOnlyOpenerOptions {
  readonly sessions: SessionKeeper
  readonly route: (statement: Statement, session: MutableSession, request: RouteRequest) => Route
  readonly work: (request: RouteRequest, session: MutableSession) => Work
  /** False while reads cannot be told from others. */
  readonly knowsDatabase: () => boolean
}

const nothing = (): void => {}

/** Opens read-only transactions where a read of their session may go. One per pool. */
export class ReadOnlyOpener {
  readonly #options: ReadOnlyOpenerOptions
  /** Connections to replicas whose transactions are known not to be serializable by default. */
  readonly #known = new WeakSet<PoolClient>()
  #mayBeSerializable = false

  constructor(options: ReadOnlyOpenerOptions) {
    this.#options = options
  }

  open(opening: Opening): void {
    const { sessions, knowsDatabase } = this.#options
    // On a replica a statement that is not proven fails; on the primary it runs.
    if (!knowsDatabase() || (this.#mayBeSerializable && !isNamed(opening)))
      return opening.onPrimary(nothing, nothing)
    const awaited = sessions.awaited(opening.session, opening.request, opening.statement.hint)
    if (awaited === undefined) {
      try {
        return this.#openNow(opening)
      } catch (error) {
        return opening.failed(asError(error))
      }
    }
    awaited.then(() => this.#openNow(opening)).catch((error: unknown) => opening.failed(asError(error)))
  }

  #openNow(opening: Opening): void {
    const { route: routeOf, work } = this.#options
    const { statement, session, request, send, failed, onPrimary } = opening
    const route = routeOf({ ...statement, kind: 'read' }, session, request)
    if (route.role === 'primary') return onPrimary(nothing, nothing)
    const conversation = {
      held: (lease: ReplicaLease, result: unknown) => this.#began(opening, lease, result),
      spilled: onPrimary,
    }
    const refused = (): void => onPrimary(nothing, nothing)
    const follower = this.#options.sessions.follower(session, request, route)
    const { candidates, executor } = work(request, session)
    const read = { ...candidates(route), send, refused, conversation, follower }
    executor.read(read, (error) => failed(asError(error)))
  }

  /** A default of the server, the database, the role or the connection may make the transaction serializable. */
  #began(opening: Opening, lease: ReplicaLease, result: unknown): void {
    const { client } = lease
    const { onPrimary, opened } = opening
    let isOver = false
    const leave = (error?: Error): void => {
      if (isOver) return
      isOver = true
      unwatch()
      client.release(error)
      onPrimary(nothing, nothing)
    }
    const unwatch = lease.watch(leave)
    const open = (): void => {
      if (isOver) return
      // Its end may have come right behind the answer, and nothing has been run yet.
      if (isBroken(client)) return leave(new Error('Connection terminated unexpectedly'))
      isOver = true
      unwatch()
      opened(lease, result)
    }
    if (isNamed(opening) || this.#known.has(client)) return open()
    ask(client, 'show transaction_isolation', (error, isolation) => {
      if (error) return leave(error)
      if (isolation !== 'serializable') {
        this.#known.add(client)
        return open()
      }
      this.#mayBeSerializable = true
      ask(client, 'rollback', leave)
    })
  }
}

function ask(client: PoolClient, text: string, answered: (error?: Error, value?: unknown) => void): void {
  rowsUnseen(client, { text, rowMode: 'array' }).then(
    ([row]) => answered(undefined, (row as readonly unknown[] | undefined)?.[0]),
    (error: unknown) => answered(asError(error)),
  )
}

function isNamed({ statement }: Opening): boolean {
  return statement.modes?.isolation !== undefined
}
