import type { PoolClient, Submittable } from 'pg'
import { fail, STREAM_HANDLERS } from '../execution/attend.ts'
import type { ReplicaLease } from '../execution/conversation.ts'
import { isBroken } from '../execution/exclusive.ts'
import type { Done, Send } from '../execution/execution.ts'
import { failureOf } from '../execution/failure.ts'
import { inThisContext } from '../platform/async-context.ts'

/** What pg-cursor keeps of itself, as far as it has to be known to begin anew elsewhere. */
interface CursorState {
  state: string
  connection: { removeListener(name: string, listener: unknown): void } | null
  readonly _ifNoData: unknown
  readonly _rowDescription: unknown
}

/** The cursor itself; a stream has it inside. */
function cursorOf(submittable: Submittable): CursorState | undefined {
  const inner: unknown = Reflect.get(submittable, 'cursor')
  const cursor = typeof inner === 'object' && inner !== null ? inner : submittable
  const { state, _ifNoData, _rowDescription } = cursor as Partial<CursorState>
  const isCursor =
    state === 'initialized' && typeof _ifNoData === 'function' && typeof _rowDescription === 'function'
  return isCursor ? (cursor as CursorState) : undefined
}

/** Whether a query object can begin anew on another connection while nothing of an answer has come: pg-cursor, pg-query-stream. */
export function runsOnReplica(submittable: Submittable): boolean {
  return cursorOf(submittable) !== undefined
}

export interface ReplicaStreamOptions {
  readonly submittable: Submittable
  /** Hands the query object to a connection. */
  readonly hand: (client: PoolClient) => void
  /** The answer has begun: the connection is the stream's until its end. */
  readonly held: (lease: ReplicaLease) => void
  /** It has come to its end, and the connection, if it had one, is given back. */
  readonly ended: (client: PoolClient | undefined) => void
}

/**
 * A cursor or stream over a proven read, on a replica. While nothing of the answer has come, a failure moves it to the next
 * candidate as any read; from then on it has one connection until its end, and errors are its own.
 */
export class ReplicaStream {
  readonly #options: ReplicaStreamOptions
  readonly #cursor: CursorState | undefined
  readonly #originals = new Map<string, PropertyDescriptor | undefined>()
  #client: PoolClient | undefined
  #lease: ReplicaLease | undefined
  #unwatch: (() => void) | undefined
  #begun: Done | undefined
  #isClosing = false
  #isOver = false

  constructor(options: ReplicaStreamOptions) {
    this.#options = options
    this.#cursor = cursorOf(options.submittable)
    this.#listen()
  }

  /** May be called once for each candidate. */
  readonly send: Send = (client, done) => {
    this.#rewind()
    this.#client = client
    if (this.#cursor?.state !== 'initialized') {
      // Something has been asked of a connection that is gone, and cannot be asked again.
      this.#begun = undefined
      done(undefined)
      this.#tell(new Error('Connection terminated unexpectedly'))
      return this.close(undefined)
    }
    this.#begun = done
    this.#options.hand(client)
    // What is to be read waits for the answer to begin, so that nothing has been asked of a connection that fails before.
    if (Reflect.get(this.#cursor, 'state') === 'submitted') this.#cursor.state = 'initialized'
  }

  /** The answer has begun, and the connection stays. */
  hold(lease: ReplicaLease): void {
    this.#lease = lease
    this.#unwatch = lease.watch((cause) => this.close(cause))
    lease.client.on('drain', this.#rest)
    lease.client.on('end', this.#rest)
    this.#options.held(lease)
  }

  /** No replica can have it. */
  fail(error: Error | undefined): void {
    if (error === undefined || this.#isOver) return
    this.#tell(error)
    this.#end()
  }

  /** The query object is as it came, for somebody else to run. */
  stepAside(): void {
    this.#rewind()
    // Who closes it now is to wait for no connection that it has left.
    if (this.#cursor?.state === 'initialized') this.#cursor.connection = null
    this.#client = undefined
    for (const [name, original] of this.#originals) {
      if (original === undefined) Reflect.deleteProperty(this.#options.submittable, name)
      else Object.defineProperty(this.#options.submittable, name, original)
    }
    this.#originals.clear()
  }

  /** Gives the connection back: with an error it is closed, and the stream hears of it by that. */
  close(error: Error | boolean | undefined): void {
    if (this.#isOver || this.#lease === undefined) return
    const { client } = this.#lease
    client.removeListener('drain', this.#rest)
    client.removeListener('end', this.#rest)
    this.#unwatch?.()
    this.#end()
    client.release(error)
  }

  #tell(error: Error): void {
    this.stepAside()
    fail(this.#options.submittable, error)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.ended(this.#lease?.client)
  }

  /** The server is ready for something else, or gone. */
  readonly #rest = (): void => {
    const client = this.#lease?.client
    if (client !== undefined && (this.#isClosing || isBroken(client))) this.close(undefined)
  }

  #rewind(): void {
    const cursor = this.#cursor
    if (cursor === undefined || this.#client === undefined) return
    cursor.connection?.removeListener('noData', cursor._ifNoData)
    cursor.connection?.removeListener('rowDescription', cursor._rowDescription)
    if (cursor.state === 'submitted') cursor.state = 'initialized'
  }

  /** A cursor that is closed waits for its server to say so, and would wait for ever for one that is gone. */
  #unplugIfLost(error: unknown): void {
    const cursor = this.#cursor
    const client = this.#client
    if (cursor === undefined || client === undefined || cursor.state === 'done') return
    if (!isBroken(client) && !(error instanceof Error && failureOf(error) === 'node')) return
    this.#rewind()
    cursor.state = 'initialized'
    cursor.connection = null
  }

  #listen(): void {
    const { submittable } = this.#options
    for (const name of STREAM_HANDLERS) {
      const handler: unknown = Reflect.get(submittable, name)
      if (typeof handler !== 'function') continue
      this.#originals.set(name, Object.getOwnPropertyDescriptor(submittable, name))
      const value = inThisContext((...args: unknown[]) => {
        if (this.#hears(name, args)) handler.apply(submittable, args)
      })
      Object.defineProperty(submittable, name, { value, configurable: true, writable: true })
    }
  }

  /** Whether the query object itself is to hear it. */
  #hears(name: string, [first, connection]: readonly unknown[]): boolean {
    const isError = name === 'handleError'
    // A connection that was left behind has nothing to say any more.
    if (
      isError &&
      this.#lease === undefined &&
      connection !== Reflect.get(this.#client ?? {}, 'connection')
    ) {
      return false
    }
    const begun = this.#begun
    this.#begun = undefined
    if (isError && begun !== undefined && this.#cursor?.state === 'initialized') {
      begun(first as Error)
      return false
    }
    begun?.(undefined)
    if (isError || name === 'handleReadyForQuery') this.#isClosing = true
    if (isError) this.#unplugIfLost(first)
    return true
  }
}
