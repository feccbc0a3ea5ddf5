import type { PoolClient } from 'pg'
import { exchange } from './exchange.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { queryOf } from './query-of.ts'
import type { Answered, ShareableRead } from './shareable-read.ts'

/** The parts of node-postgres' client that its types do not show. */
export interface PipelinedClient {
  pipeline?: boolean
  /** Of all its queries. */
  readonly binary?: boolean
  readonly connectionParameters: { query_timeout?: number | string | false }
  readonly connection: { readonly stream: Partial<PipelinedStream> }
  query(query: object, callback: Answered): void
  on(event: 'error' | 'end', listener: (error?: Error) => void): void
  removeListener(event: 'error' | 'end', listener: (error?: Error) => void): void
  release(error?: Error | boolean): void
  ref?(): void
  unref?(): void
}

interface PipelinedStream {
  readonly bytesRead: number
  cork(): void
  uncork(): void
  destroy(): void
}

/** Told of a connection. */
export interface ConnectionListener {
  /** It is gone. May be called more than once. */
  readonly lost: (error?: Error) => void
  /** The last deallocation has been answered. */
  readonly tidied: () => void
}

/** A leased connection in pipeline mode. When it is released it is as it was before. */
export class PipelinedConnection {
  /** node-postgres' `query_timeout` of the connection, in milliseconds. 0: none. */
  readonly queryTimeoutMs: number
  readonly #client: PipelinedClient
  readonly #stream: Partial<PipelinedStream>
  readonly #statements: PreparedStatements
  readonly #listener: ConnectionListener
  readonly #wasPipelined: boolean
  readonly #queryTimeout: number | string | false
  #bytesRead: number
  #tidying = 0
  #isCorked = false
  readonly #uncork = (): void => {
    this.#isCorked = false
    this.#stream.uncork?.()
  }

  constructor(leased: PoolClient, statements: PreparedStatements, listener: ConnectionListener) {
    const client = leased as unknown as PipelinedClient
    const { connectionParameters, pipeline = false } = client
    this.#client = client
    this.#stream = client.connection.stream
    this.#statements = statements
    this.#listener = listener
    this.#wasPipelined = pipeline
    this.#queryTimeout = connectionParameters.query_timeout ?? false
    this.queryTimeoutMs = Number(this.#queryTimeout)
    this.#bytesRead = this.#stream.bytesRead ?? 0
    client.pipeline = true
    // node-postgres' own timer destroys the connection with all that is under way.
    connectionParameters.query_timeout = false
    client.on('error', listener.lost)
    client.on('end', listener.lost)
  }

  /** Whether node-postgres asks for binary results by itself. */
  get binary(): boolean {
    return this.#client.binary === true
  }

  /** Whether deallocations are under way. */
  get isTidying(): boolean {
    return this.#tidying > 0
  }

  /** Sends a read. What is sent in one turn of the event loop goes out together. */
  send(read: ShareableRead, name: string | undefined, answered: Answered): void {
    const client = this.#client
    const stream = this.#stream
    if (!this.#isCorked && stream.cork !== undefined) {
      this.#isCorked = true
      stream.cork()
      process.nextTick(this.#uncork)
    }
    client.query(queryOf(client, read, name), answered)
    const before = this.#statements.takeDeallocations()
    if (before.length === 0) return
    this.#tidying += 1
    exchange(client as unknown as PoolClient, { before, canPipeline: true }, () => {
      this.#tidying -= 1
      if (this.#tidying === 0) this.#listener.tidied()
    })
  }

  /** Counts the bytes that have come since the last call. */
  takeBytesRead(): number {
    const before = this.#bytesRead
    this.#bytesRead = this.#stream.bytesRead ?? 0
    return this.#bytesRead - before
  }

  /** Whether it keeps the process alive. */
  keepsAlive(isKept: boolean): void {
    if (isKept) this.#client.ref?.()
    else this.#client.unref?.()
  }

  /** @param isCut Whether it is closed at once, whatever is under way. */
  release(error: Error | boolean, isCut: boolean): void {
    const client = this.#client
    client.pipeline = this.#wasPipelined
    client.connectionParameters.query_timeout = this.#queryTimeout
    client.removeListener('error', this.#listener.lost)
    client.removeListener('end', this.#listener.lost)
    if (isCut) this.#stream.destroy?.()
    client.release(error)
  }
}
