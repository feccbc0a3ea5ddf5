import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import {
  listenTo,
  stopListening,
  type ConnectionEvent,
  type ConnectionListener,
} from '../nodes/connection-events.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Done } from './execution.ts'
import { isServerError } from '../platform/server-error.ts'

/**
 * Closes a connection over which an answer is still to come, so that no caller waits for it; node-postgres may ask
 * politely.
 */
export function hangUp(client: PoolClient): void {
  if (Reflect.get(client, 'readyForQuery') !== false) return
  const { connection } = client as { readonly connection?: PoolClient['connection'] }
  connection?.stream.destroy()
}

/** One statement, as the connection that it has for itself sees it. */
export interface ExclusiveStatement {
  send(client: PoolClient, done: Done): void
  /** The caller gets the answer. An error of the server comes after `idle`. */
  answered(error: Error | undefined, result?: unknown): void
  /** The server is ready for the next statement, and its transaction status is true. */
  idle(serverError: Error | undefined): void
  /** Asked about an error of the server once it is ready. When true, neither `idle` nor `answered` is called. */
  takesOver?(error: Error): boolean
}

/**
 * A connection that one caller holds, to run one statement after the other. It distinguishes two moments: the caller
 * gets the answer, and the server is ready for the next statement, with a true transaction status. After an error the
 * server reports the status a moment later, so an error of the server waits for it. An error of the client (a query
 * timeout, say) does not wait, because the server may take long.
 */
export class ExclusiveConnection implements ConnectionListener {
  readonly client: PoolClient
  #current: Course | undefined

  constructor(client: PoolClient) {
    this.client = client
    listenTo(client, this)
  }

  /** Whether the caller has an error of the client, such as a timeout, and the server has not answered. */
  get isGivenUp(): boolean {
    return this.#current?.isGivenUp === true
  }

  /** Runs a statement. The one before is over. */
  run(statement: ExclusiveStatement): void {
    const course = new Course(this.client, statement)
    this.#current = course
    try {
      statement.send(this.client, course.answered)
    } catch (error) {
      course.answered(asError(error))
      course.becomeIdle()
    }
  }

  /** The connection is returned. A statement that still runs is nevertheless notified of its end. */
  close(): void {
    if (this.#current?.isOver !== false) stopListening(this.client, this)
  }

  heard(event: ConnectionEvent): void {
    const course = this.#current
    if (course === undefined) return
    if (event === 'drain') {
      // A drain before the answer belongs to queries that a hook has queued in front.
      if (!course.isAnswered) return
      this.#current = undefined
      course.becomeIdle()
    } else if (event === 'end') {
      this.#current = undefined
      course.lose()
    }
  }
}

/** One statement on its way over a connection. */
class Course {
  readonly #client: PoolClient
  readonly #statement: ExclusiveStatement
  #state: 'sent' | 'answered' | 'idle' = 'sent'
  #serverError: Error | undefined
  /** True after an error of the client. */
  #hasFailedHere = false

  constructor(client: PoolClient, statement: ExclusiveStatement) {
    this.#client = client
    this.#statement = statement
  }

  get isAnswered(): boolean {
    return this.#state !== 'sent'
  }

  get isOver(): boolean {
    return this.#state === 'idle'
  }

  get isGivenUp(): boolean {
    return this.#state === 'answered' && this.#hasFailedHere
  }

  readonly answered: Done = (error, result) => {
    if (this.#state !== 'sent') return
    this.#state = 'answered'
    if (error && isServerError(error)) this.#serverError = error
    else {
      this.#hasFailedHere = error !== undefined
      this.#statement.answered(error, result)
    }
    if (error && isBroken(this.#client)) this.becomeIdle()
  }

  becomeIdle(): void {
    if (this.#state !== 'answered') return
    this.#state = 'idle'
    const statement = this.#statement
    const error = this.#serverError
    if (error !== undefined && statement.takesOver?.(error) === true) return
    statement.idle(error)
    if (error !== undefined) statement.answered(error)
  }

  lose(): void {
    if (this.isAnswered) return this.becomeIdle()
    // An error that node-postgres itself reports for the loss comes first.
    process.nextTick(() => {
      this.answered(new Error('Connection terminated unexpectedly'))
      this.becomeIdle()
    })
  }
}
