import type { PoolClient } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { canSendAhead, exchange, NOTHING, type SideQuery, type SideQueriesOf, type Send } from './exchange.ts'
import { isInTransaction } from './in-transaction.ts'
import type { Lanes } from './lanes.ts'
import type { NamedReads } from './named-reads.ts'
import { mayHaveName, type Answered, type ShareableRead, type Ride, type Rider } from './shareable-read.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { queryOf } from './query-of.ts'
import { LONGEST_TEXT, ShapeBook, type TextRecord } from './shape-book.ts'
import type { PipelinedClient } from './pipelined-connection.ts'

export interface SharedReadsOptions {
  readonly platform: Platform
  readonly lanes: Lanes | undefined
  readonly named: NamedReads
  readonly statementsOf: (client: PoolClient) => PreparedStatements
  readonly prepareAfter: number
  readonly cleaning: SideQueriesOf
}

/** Sends one node's shareable reads, over a lane or a lease, with or without a name, by their measurements. */
export class SharedReads {
  readonly #options: SharedReadsOptions
  #made: ShapeBook | undefined

  constructor(options: SharedReadsOptions) {
    this.#options = options
  }

  /** Made for the first read: its records take memory and time in advance. */
  get #book(): ShapeBook {
    return (this.#made ??= new ShapeBook(this.#options.prepareAfter))
  }

  get laneCount(): number {
    return this.#options.lanes?.count ?? 0
  }

  /**
   * Sends a read over a lane. Returns undefined when it has to run over a lease because its shape is slow, large or
   * unknown.
   */
  ride(read: ShareableRead, rider: Rider, opensLanes: boolean = true): Ride | undefined {
    const { lanes } = this.#options
    if (lanes === undefined || read.text.length > LONGEST_TEXT) return undefined
    const record = this.#book.of(read.text)
    if (!record.shape.isFast) return undefined
    return lanes.withRoomFor(record.shape.costMs, opensLanes)?.ride(read, record, rider)
  }

  joins(text: string): boolean {
    const { lanes } = this.#options
    if (lanes === undefined || text.length > LONGEST_TEXT) return false
    const shape = this.#book.shapeOf(text)
    return shape?.isFast === true && lanes.carriesWith(shape.costMs)
  }

  /** Sends a read over an idle leased connection. */
  send(client: PoolClient, read: ShareableRead, answered: Answered): void {
    const { cleaning, named, platform, statementsOf } = this.#options
    const before = cleaning(client)
    if (read.text.length > LONGEST_TEXT) return send(client, before, read, undefined, answered)
    const record = this.#book.of(read.text)
    const statements = statementsOf(client)
    const connection = client as unknown as PipelinedClient
    const name = mayHaveName(read, connection) ? this.#nameFor(client, record, read) : undefined
    const bytesBefore = connection.connection?.stream.bytesRead ?? 0
    const sentAtMs = platform.now()
    const done: Answered = (error, result) => {
      const ms = platform.now() - sentAtMs
      const bytes = (connection.connection?.stream.bytesRead ?? 0) - bytesBefore
      record.shape.ranOnLease(ms, bytes)
      record.plan?.ran(name !== undefined, ms)
      const isOfName = name !== undefined && named.heard(statements, record, name, error)
      if (isOfName) send(client, NOTHING, read, undefined, answered)
      else answered(error, result)
    }
    const unneeded = statements.takeDeallocations()
    send(client, unneeded.length === 0 ? before : [...before, ...unneeded], read, name, done)
  }

  #nameFor(client: PoolClient, record: TextRecord, read: ShareableRead): string | undefined {
    const statements = this.#options.statementsOf(client)
    // In a transaction an error about the name would abort it, so the read could not be repeated without the name.
    if (isInTransaction(client)) return undefined
    // Evicted names can be deallocated together with the next query only if node-postgres can pipeline.
    if (statements.isFull && !statements.has(record) && !canSendAhead(client)) return undefined
    return this.#options.named.nameFor(statements, record, read)
  }
}

function send(
  client: PoolClient,
  before: readonly SideQuery[],
  read: ShareableRead,
  name: string | undefined,
  answered: Answered,
): void {
  const query: Send = (_client, done) => {
    const made = queryOf(client, read, name, read.timeoutMs)
    if (read.sighting === undefined) (client as unknown as PipelinedClient).query(made, done as Answered)
    else read.sighting.send(client, made, done as Answered)
  }
  exchange(client, { before, query, canPipeline: true }, answered)
}
