import type { Connection, PoolClient, Submittable } from 'pg'
import { isBroken } from '../nodes/is-broken.ts'
import { CursorFace } from './cursor-face.ts'

/** Receives the messages of a connection for the cursor that was sent over it. */
export interface CursorHearer {
  readonly submittable: Submittable
  /** The connection is free, so the cursor's messages may be sent. */
  submitted(connection: Connection): void
  /** node-postgres calls a handler of the query object. */
  heard(handler: string, args: readonly unknown[]): void
  /** The connection emits a message that has no handler. */
  noticed(event: string, message: unknown): void
  failed(error: Error): void
  /** The connection is ready for the next statement (`undefined`), or lost with this error. */
  over(lost: Error | undefined): void
}

/** Messages that pg-cursor listens to in addition to its handlers. */
const EVENTS = ['noData', 'rowDescription'] as const

/**
 * The query object that node-postgres gets for a cursor, one for each connection that the cursor is sent over. After
 * `leave()` it ignores all messages, so that the old connection cannot disturb the new one.
 */
export class CursorSending extends CursorFace {
  readonly #client: PoolClient
  readonly #hearer: CursorHearer
  readonly #forwards: ReadonlyMap<string, (message: unknown) => void>
  #connection: Connection | undefined
  #isOver = false

  constructor(client: PoolClient, hearer: CursorHearer) {
    super(hearer.submittable)
    this.#client = client
    this.#hearer = hearer
    this.#forwards = new Map(EVENTS.map((name) => [name, (message) => hearer.noticed(name, message)]))
    client.once('end', this.#ended)
  }

  submit(connection: Connection): void {
    if (this.#isOver) return
    this.#connection = connection
    for (const [name, forward] of this.#forwards) connection.on(name, forward)
    connection.on('readyForQuery', this.#ready)
    this.#hearer.submitted(connection)
  }

  /** Ignores all further messages. */
  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#client.removeListener('end', this.#ended)
    for (const [name, forward] of this.#forwards) this.#connection?.removeListener(name, forward)
    this.#connection?.removeListener('readyForQuery', this.#ready)
  }

  handleRowDescription(...args: readonly unknown[]): void {
    this.#hear('handleRowDescription', args)
  }

  handleDataRow(...args: readonly unknown[]): void {
    this.#hear('handleDataRow', args)
  }

  handlePortalSuspended(...args: readonly unknown[]): void {
    this.#hear('handlePortalSuspended', args)
  }

  handleEmptyQuery(...args: readonly unknown[]): void {
    this.#hear('handleEmptyQuery', args)
  }

  handleCommandComplete(...args: readonly unknown[]): void {
    this.#hear('handleCommandComplete', args)
  }

  handleReadyForQuery(...args: readonly unknown[]): void {
    this.#hear('handleReadyForQuery', args)
  }

  handleError(error: Error): void {
    if (this.#isOver) return
    this.#hearer.failed(error)
    // Rejected before its turn, or the connection is lost: no ReadyForQuery will follow.
    if (this.#connection === undefined || isBroken(this.#client)) this.#lose(error)
  }

  #hear(handler: string, args: readonly unknown[]): void {
    if (!this.#isOver) this.#hearer.heard(handler, args)
  }

  readonly #ready = (): void => {
    this.leave()
    this.#hearer.over(undefined)
  }

  readonly #ended = (): void => {
    const error = new Error('Connection terminated unexpectedly')
    this.#hearer.failed(error)
    this.#lose(error)
  }

  #lose(error: Error): void {
    // It may have been left for another connection.
    if (this.#isOver) return
    this.leave()
    this.#hearer.over(error)
  }
}
