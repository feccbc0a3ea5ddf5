import type { Connection, PoolClient, Submittable } from 'pg'
import { inThisContext } from '../platform/async-context.ts'
import { queryAgain } from '../platform/unseen.ts'
import { CursorConnection } from './cursor-connection.ts'
import { innerOf } from './cursor-face.ts'
import { CursorSending, type CursorHearer } from './cursor-sending.ts'

/** The fields of pg-cursor that are used here. */
interface CursorState {
  state: string
  /** Receives the rows that are being read. */
  readonly _cb: unknown
  submit(connection: unknown): void
}

/** The state of a cursor. It belongs to one connection at most: that of the present sending. */
type State =
  /** On no connection: it has not been sent yet, or is moving to another node. */
  | { readonly name: 'waiting' }
  /** Sent, and no row has arrived: it can still move. */
  | { readonly name: 'opening'; readonly sending: CursorSending; readonly use: CursorUse }
  /** Rows have arrived, so it stays on this connection. */
  | { readonly name: 'open'; readonly sending: CursorSending; readonly use: CursorUse }
  /** It was closed, is complete, or has failed. ReadyForQuery or the end of the connection follows. */
  | { readonly name: 'closing'; readonly sending: CursorSending; readonly use: CursorUse }
  | { readonly name: 'ended' }

/** The callbacks of a cursor that is sent over a connection. */
export interface CursorUse {
  /** The answer starts, with its columns. */
  readonly begun: () => void
  /** The cursor is about to receive the end of its answer or its error. */
  readonly ending: (error: Error | undefined) => void
  /**
   * Returns a function to call in place of telling the cursor this error, if any. It is called when the cursor has left
   * the connection.
   */
  readonly takes: (error: Error) => (() => void) | undefined
}

/** Handlers that reveal rows of the answer. After them it cannot move to another server. */
const OF_ROWS: ReadonlySet<string> = new Set([
  'handleDataRow',
  'handlePortalSuspended',
  'handleEmptyQuery',
  'handleCommandComplete',
  'handleReadyForQuery',
])

/**
 * Runs one cursor (pg-cursor, or pg-query-stream with one inside) from its call to its end. The cursor gets a
 * `CursorConnection` at once and keeps it; `send` chooses the real connection behind it. It ends exactly once, even if
 * it is closed before it is sent, or if its server dies while it is being closed.
 */
export class CursorRun implements CursorHearer {
  readonly submittable: Submittable
  readonly #cursor: CursorState
  readonly #connection: CursorConnection
  readonly #tell: (handler: string, args: readonly unknown[]) => void
  readonly #callback: unknown
  readonly #observers: ((lost: Error | undefined) => void)[] = []
  #state: State = { name: 'waiting' }
  #isFailed = false
  #isShown = false

  /**
   * Creates the run of a cursor; `undefined` if the query object is not a cursor or was submitted before.
   *
   * @param callback Called when it has ended, unless it has its own callback. Only pg-query-stream calls it.
   */
  static of(submittable: Submittable, callback?: unknown): CursorRun | undefined {
    return isCursor(innerOf(submittable)) ? new CursorRun(submittable, callback) : undefined
  }

  private constructor(submittable: Submittable, callback: unknown) {
    this.submittable = submittable
    this.#cursor = innerOf(submittable) as CursorState
    this.#callback = Reflect.get(submittable, 'callback') ?? callback
    this.#connection = new CursorConnection(() => this.#synced())
    // node-postgres calls back in the async context in which the connection was opened.
    this.#tell = inThisContext((handler, args) => {
      const handle: unknown = Reflect.get(submittable, handler)
      if (typeof handle === 'function') Reflect.apply(handle, submittable, args)
    })
    submittable.submit(this.#connection as unknown as Connection)
    // A stream that was destroyed before its call had no cursor to close yet.
    if (Reflect.get(submittable, 'destroyed') === true) this.#cancel()
  }

  get isEnded(): boolean {
    return this.#state.name === 'ended'
  }

  /** True while it can move to another server: no row has arrived, and it is still in use. */
  get canMove(): boolean {
    return this.#state.name === 'opening' || this.#state.name === 'waiting'
  }

  /** True while it is on a connection and does not wait for the server: its caller has to read on, or to close it. */
  get waitsForProgram(): boolean {
    const { name } = this.#state
    return (name === 'opening' || name === 'open') && this.#cursor.state === 'idle'
  }

  /** Calls `observer` once when the cursor has ended, with the error if its connection is lost. */
  whenEnded(observer: (lost: Error | undefined) => void): void {
    this.#observers.push(observer)
  }

  /** Sends the cursor over a connection, after leaving the previous one. */
  send(client: PoolClient, use: CursorUse): void {
    this.leave()
    if (this.#state.name === 'ended') throw new Error('The cursor has ended')
    // With a `query_timeout` node-postgres wraps the callback.
    if (this.#callback !== undefined) Reflect.set(this.submittable, 'callback', this.#callback)
    const sending = new CursorSending(client, this)
    this.#state = { name: 'opening', sending, use }
    // Tools see it sent once.
    if (this.#isShown) return queryAgain(client, sending)
    this.#isShown = true
    client.query(sending as never)
  }

  /** Leaves the connection and ignores its further messages. */
  leave(): void {
    if (!('sending' in this.#state)) return
    const { name, sending } = this.#state
    sending.leave()
    this.#connection.detach()
    this.#state = { name: 'waiting' }
    if (name === 'closing') this.#cancel()
  }

  /** Ends the cursor with this error, in any state. */
  fail(error: Error): void {
    if (this.#state.name === 'ended') return
    if ('sending' in this.#state) this.#state.sending.leave()
    this.#connection.detach()
    this.#tellError(error)
    this.over(error)
  }

  submitted(connection: Connection): void {
    this.#connection.attach(connection)
  }

  heard(handler: string, args: readonly unknown[]): void {
    if (!('sending' in this.#state)) return
    const { use } = this.#state
    if (OF_ROWS.has(handler) && this.#state.name === 'opening') {
      this.#state = { ...this.#state, name: 'open' }
      this.#connection.settle()
    }
    use.begun()
    if (handler === 'handleReadyForQuery') use.ending(undefined)
    this.#tell(handler, args)
  }

  noticed(event: string, message: unknown): void {
    if (!('sending' in this.#state)) return
    this.#state.use.begun()
    this.#connection.emit(event, message)
  }

  failed(error: Error): void {
    if (this.#isFailed || !('sending' in this.#state)) return
    const { use } = this.#state
    const take = use.takes(error)
    if (take !== undefined) {
      this.leave()
      return take()
    }
    use.ending(error)
    this.#tellError(error)
  }

  /** Ends the cursor. */
  over(lost: Error | undefined): void {
    if (this.#state.name === 'ended') return
    this.#state = { name: 'ended' }
    try {
      for (const observer of this.#observers) observer(lost)
    } finally {
      this.#connection.finish()
    }
  }

  /** Called when the cursor sends Sync: it was closed, or responds to a message. */
  #synced(): void {
    if ('sending' in this.#state) this.#state = { ...this.#state, name: 'closing' }
    else if (!this.#isFailed) this.#cancel()
  }

  /** Ends a cursor that was closed without a connection. */
  #cancel(): void {
    this.#tell('handleReadyForQuery', [this.#connection])
    this.over(undefined)
  }

  #tellError(error: Error): void {
    if (this.#isFailed) return
    this.#isFailed = true
    if (this.#cursor.state === 'done') {
      // It was closed, so the error does not matter to its caller.
      if (typeof this.#cursor._cb !== 'function') return this.#tell('handleReadyForQuery', [this.#connection])
      // It calls itself done with its last row, though a caller still waits for that row.
      this.#cursor.state = 'busy'
    }
    this.#tell('handleError', [error, this.#connection])
    // A paused stream would notice only when it continues to read.
    const stream = this.submittable as Partial<NodeJS.ReadableStream> & { destroy?: (error: Error) => void }
    const hears = typeof stream.listenerCount === 'function' && stream.listenerCount('error') > 0
    if (stream !== (this.#cursor as unknown) && hears) stream.destroy?.(error)
  }
}

function isCursor(object: object): object is CursorState {
  const { state, _ifNoData, _rowDescription } = object as Record<string, unknown>
  return state === 'initialized' && typeof _ifNoData === 'function' && typeof _rowDescription === 'function'
}
