import type { PoolClient } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { queryUnseen } from '../platform/unseen.ts'
import { isInTransaction } from './in-transaction.ts'
import type { Lanes } from './lanes.ts'
import type { NamedReads } from './named-reads.ts'
import {
  mayHaveName,
  type Answered,
  type Clean,
  type PlainQuery,
  type Ride,
  type Rider,
} from './plain-query.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { sendPlain } from './send-plain.ts'
import { LONGEST_TEXT, ShapeBook, type TextRecord } from './shape-book.ts'
import type { PipelinedClient } from './lane.ts'

export interface PlainQueriesOptions {
  readonly platform: Platform
  readonly lanes: Lanes | undefined
  readonly named: NamedReads
  readonly statementsOf: (client: PoolClient) => PreparedStatements
  readonly prepareAfter: number
  readonly clean: Clean
}

/** How one node's plain queries are sent: over a lane or a lease, with a name or without, as was seen to be best. */
export class PlainQueries {
  readonly #options: PlainQueriesOptions
  readonly #book: ShapeBook

  constructor(options: PlainQueriesOptions) {
    this.#options = options
    this.#book = new ShapeBook(options.prepareAfter)
  }

  /** Sends a read over a lane. Gives undefined when it is to run over a lease: its shape is slow, large or not known yet. */
  ride(read: PlainQuery, rider: Rider): Ride | undefined {
    const { lanes } = this.#options
    if (lanes === undefined || read.text.length > LONGEST_TEXT) return undefined
    const record = this.#book.of(read.text)
    return record.shape.isFast ? lanes.ride(read, record, rider) : undefined
  }

  /** Sends a plain query over a leased connection, where nothing else is under way. */
  send(client: PoolClient, query: PlainQuery, answered: Answered): void {
    this.#options.clean(client, (error) => {
      if (error) answered(error)
      else this.#send(client, query, answered)
    })
  }

  #send(client: PoolClient, query: PlainQuery, answered: Answered): void {
    if (query.text.length > LONGEST_TEXT) return sendUnnamed(client, query, answered)
    const record = this.#book.of(query.text)
    const statements = this.#options.statementsOf(client)
    const connection = client as unknown as PipelinedClient
    const name = mayHaveName(query, connection) ? this.#nameFor(client, record, query) : undefined
    const bytesBefore = connection.connection?.stream.bytesRead ?? 0
    const sentAtMs = this.#options.platform.now()
    const done: Answered = (error, result) => {
      const ms = this.#options.platform.now() - sentAtMs
      const bytes = (connection.connection?.stream.bytesRead ?? 0) - bytesBefore
      record.shape.ranOnLease(ms, bytes)
      record.plan?.ran(name !== undefined, ms)
      if (name !== undefined && this.#options.named.heard(statements, record, name, error)) {
        return sendUnnamed(client, query, answered)
      }
      answered(error, result)
    }
    const deallocations = statements.takeDeallocations()
    if (deallocations.length === 0) return sendOn(client, query, name, done)
    const reset = sendAhead(connection, deallocations)
    sendOn(client, query, name, (error, result) => {
      reset()
      done(error, result)
    })
  }

  #nameFor(client: PoolClient, record: TextRecord, query: PlainQuery): string | undefined {
    const statements = this.#options.statementsOf(client)
    // What is said of a name there ends the transaction: it cannot be sent again without.
    if (isInTransaction(client)) return undefined
    // What is pushed out can be freed along with the next query only where queries can be sent ahead.
    if (statements.isFull && !statements.has(record) && !('pipeline' in client)) return undefined
    return this.#options.named.nameFor(statements, record, query)
  }
}

function sendUnnamed(client: PoolClient, query: PlainQuery, answered: Answered): void {
  sendOn(client, query, undefined, answered)
}

function sendOn(client: PoolClient, query: PlainQuery, name: string | undefined, answered: Answered): void {
  sendPlain(client, query, name, query.timeoutMs, answered)
}

function ignore(): void {}

/** Sends these in the same round trip as what follows. To be reset when that is answered. */
function sendAhead(client: PipelinedClient, texts: readonly string[]): () => void {
  const { pipeline = false } = client
  client.pipeline = true
  for (const text of texts) queryUnseen(client, { text }, ignore)
  return () => (client.pipeline = pipeline)
}
