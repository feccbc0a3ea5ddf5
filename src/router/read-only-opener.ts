import type { PoolClient } from 'pg'
import type { Opening } from '../client/router-port.ts'
import { asError } from '../errors/as-error.ts'
import type { ReplicaLease } from '../execution/conversation.ts'
import type { Decision } from '../execution/decision.ts'
import type { Read } from '../execution/read.ts'
import { isBroken } from '../nodes/is-broken.ts'
import { rowsUnseen } from '../platform/unseen.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { Statement } from '../statement/statement.ts'

export interface ReadOnlyOpenerOptions {
  readonly sessions: Pick<SessionKeeper, 'follower'>
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

  /** False for a transaction that belongs on the primary: on a replica a statement that is not proven fails. */
  mayOpen(statement: Statement): boolean {
    if (!this.#options.knowsDatabase()) return false
    return !this.#mayBeSerializable || namesIsolation(statement)
  }

  /** Opens the transaction of a decision that runs as `opening`. */
  open(decision: Decision, opening: Opening): void {
    const { executor, plan, query, route, session } = decision
    const { onPrimary, send } = opening
    const conversation = {
      held: (lease: ReplicaLease, result: unknown) => this.#began(decision, opening, lease, result),
      spilled: onPrimary,
    }
    const read: Read = {
      plan,
      replan: () => executor.plan(route),
      reached: (node, observation) => executor.reached(route, node, observation),
      send,
      refused: () => onPrimary(nothing, nothing),
      conversation,
      follower: this.#options.sessions.follower(session, query.request, route),
    }
    executor.reader.read(read, (error) => opening.failed(asError(error)))
  }

  /** A default of the server, the database, the role or the connection may make the transaction serializable. */
  #began({ statement }: Decision, opening: Opening, lease: ReplicaLease, result: unknown): void {
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
    if (namesIsolation(statement) || this.#known.has(client)) return open()
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

function namesIsolation({ modes }: Statement): boolean {
  return modes?.isolation !== undefined
}
