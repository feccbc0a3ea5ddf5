import type { PoolClient } from 'pg'
import { queryTimeoutOf } from '../platform/query-timeout.ts'
import { queryAgain } from '../platform/unseen.ts'
import { exchange } from './exchange.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { queryOf } from './query-of.ts'
import type { Answered, ShareableRead } from './shareable-read.ts'

/** Members of node-postgres' client that its types lack. */
export interface PipelinedClient {
  pipeline?: boolean
  /** Default timeout of its queries. */
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

/** Callbacks of a connection. */
export interface ConnectionListener {
  /** Called when it is lost, possibly several times. */
  readonly lost: (error?: Error) => void
  /** Called when the last deallocation has been answered. */
  readonly tidied: () => void
}

/** A leased connection in pipeline mode. Its release restores the previous mode. */
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
    this.queryTimeoutMs = queryTimeoutOf(this.#queryTimeout)
    this.#bytesRead = this.#stream.bytesRead ?? 0
    client.pipeline = true
    // node-postgres' own timer would close the connection with all its reads.
    connectionParameters.query_timeout = false
    client.on('error', listener.lost)
    client.on('end', listener.lost)
  }

  /** Whether node-postgres requests binary results by default. */
  get binary(): boolean {
    return this.#client.binary === true
  }

  /** Whether deallocations are in flight. */
  get isTidying(): boolean {
    return this.#tidying > 0
  }

  /** Sends a read. All reads of one turn of the event loop are sent together. */
  send(read: ShareableRead, name: string | undefined, answered: Answered): void {
    const client = this.#client
    const stream = this.#stream
    if (!this.#isCorked && stream.cork !== undefined) {
      this.#isCorked = true
      stream.cork()
      process.nextTick(this.#uncork)
    }
    const { sighting } = read
    const query = queryOf(client, read, name)
    if (sighting === undefined) client.query(query, answered)
    else if (sighting.isShown) queryAgain(client, query, answered)
    else {
      // Without a call in between: most reads are sent here.
      try {
        client.query(query, sighting.shows(client, answered))
      } finally {
        sighting.sent(client, query)
      }
    }
    const before = this.#statements.takeDeallocations()
    if (before.length === 0) return
    this.#tidying += 1
    exchange(client as unknown as PoolClient, { before, canPipeline: true }, () => {
      this.#tidying -= 1
      if (this.#tidying === 0) this.#listener.tidied()
    })
  }

  /** Returns the number of bytes received since the last call. */
  takeBytesRead(): number {
    const before = this.#bytesRead
    this.#bytesRead = this.#stream.bytesRead ?? 0
    return this.#bytesRead - before
  }

  /** Sets whether it keeps the process alive. */
  keepsAlive(isKept: boolean): void {
    if (isKept) this.#client.ref?.()
    else this.#client.unref?.()
  }

  /** @param isCut Whether it is closed at once, even if queries are in flight. */
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
