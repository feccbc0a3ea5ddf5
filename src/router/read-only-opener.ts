import type { PoolClient } from 'pg'
import type { Opening } from '../client/router-port.ts'
import { asError } from '../errors/as-error.ts'
import type { ReplicaLease } from '../execution/conversation.ts'
import { customOf, type Decision } from '../execution/decision.ts'
import type { Read } from '../execution/read.ts'
import { isBroken } from '../nodes/is-broken.ts'
import { rowsUnseen } from '../platform/unseen.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { IsolationLevel, Statement } from '../statement/statement.ts'

export interface ReadOnlyOpenerOptions {
  readonly sessions: Pick<SessionKeeper, 'follower'>
  /** Returns false while reads cannot be proven. */
  readonly knowsDatabase: () => boolean
}

const nothing = (): void => {}

/** Opens read-only transactions on replicas. One per pool. */
export class ReadOnlyOpener {
  readonly #options: ReadOnlyOpenerOptions
  /** Default isolation levels of connections to replicas, as far as they are known; never serializable. */
  readonly #known = new WeakMap<PoolClient, IsolationLevel>()
  #mayBeSerializable = false

  constructor(options: ReadOnlyOpenerOptions) {
    this.#options = options
  }

  /** Whether a transaction may run on a replica, where statements that are not proven reads fail. */
  mayOpen(statement: Statement): boolean {
    if (!this.#options.knowsDatabase()) return false
    return !this.#mayBeSerializable || namesIsolation(statement)
  }

  /** Opens the transaction of a decision with the run `opening`. */
  open(decision: Decision, opening: Opening): void {
    const { executor, plan, query, route, session, statement } = decision
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
      custom: customOf(decision),
      refused: () => onPrimary(nothing, nothing),
      conversation,
      follower: this.#options.sessions.follower(session, query, route, statement),
    }
    executor.reader.read(read, (error) => opening.failed(asError(error)))
  }

  /** Whether the isolation level of the transaction is the connection's default, which may be serializable. */
  #began({ journal, statement }: Decision, opening: Opening, lease: ReplicaLease, result: unknown): void {
    const { client } = lease
    const { isHooked, onPrimary, opened } = opening
    let isOver = false
    const leave = (error?: Error): void => {
      if (isOver) return
      isOver = true
      unwatch()
      client.release(error)
      onPrimary(nothing, nothing)
    }
    const unwatch = lease.watch(leave)
    const open = (isolation: IsolationLevel): void => {
      if (isOver) return
      // The connection may be lost right after the answer, before any statement has run.
      if (isBroken(client)) return leave(new Error('Connection terminated unexpectedly'))
      isOver = true
      unwatch()
      opened(lease, result, isolation)
    }
    const named = statement.modes?.isolation
    const isOwn = isHooked || journal?.get('default_transaction_isolation') !== undefined
    const isolation = named ?? (isOwn ? undefined : this.#known.get(client))
    if (isolation !== undefined) return open(isolation)
    ask(client, 'show transaction_isolation', (error, level) => {
      if (error) return leave(error)
      if (isNotSerializable(level)) {
        if (!isOwn) this.#known.set(client, level)
        return open(level)
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

function isNotSerializable(level: unknown): level is IsolationLevel {
  return level === 'read committed' || level === 'read uncommitted' || level === 'repeatable read'
}

function namesIsolation({ modes }: Statement): boolean {
  return modes?.isolation !== undefined
}
