import type { Client, QueryArrayConfig, QueryConfig } from 'pg'
import { inThisContext } from './async-context.ts'
import { deadline } from './deadline.ts'
import { systemPlatform } from './system.ts'

/** A query of the library's own. Its rows are arrays if `rowMode` says so. */
export type OwnQuery = string | QueryConfig | QueryArrayConfig

/** What is used of a result. */
export interface OwnResult {
  readonly rows: readonly unknown[]
}

/** Receives what node-postgres answers: a list of results where the text has several statements. */
export type OwnAnswered = (error: Error | null | undefined, result?: unknown) => void

/** A query object of node-postgres. */
interface PgQuery {
  callback: OwnAnswered
  handleError(error: Error, connection: unknown): void
}
type PgQueryClass = new (config: OwnQuery) => PgQuery

/** What node-postgres' client has beyond its types. */
interface Internals {
  readonly connection: { readonly stream: { destroy(): void } }
  readonly connectionParameters: { readonly query_timeout?: number | string | false }
  readonly _queryQueue: PgQuery[]
  readonly _queryable: boolean
  readonly _ending: boolean
  _pulseQueryQueue(): void
}

/** What every client has, node-postgres' own or not. */
interface AnyClient {
  query(query: OwnQuery, answered: OwnAnswered): void
}

/** What node-postgres' `connect` calls. */
interface Connecting {
  _connect(callback: (error?: Error | null) => void): void
}

/** The least time that a query of the library's own has where the pool has a `query_timeout`, in milliseconds. */
const LEAST_TIMEOUT_MS = 5000

/**
 * Sends a query of the library's own. Tracing tools wrap `client.query`, and would show the query as one of the application.
 * So it goes into the client's queue directly. The client's `types` and `binary` do not apply, and its `query_timeout` only
 * from 5 s on: then the connection is closed.
 */
export function queryUnseen(client: object, query: OwnQuery, answered: OwnAnswered): void {
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  if (typeof Query !== 'function' || !hasInternals(client))
    return (client as AnyClient).query(query, answered)
  const own = new (Query as PgQueryClass)(query)
  // A connection calls back in the async context of whoever opened it.
  own.callback = bounded(client, inThisContext(answered))
  if (!client._queryable || client._ending) {
    process.nextTick(() => own.handleError(new Error(NOT_QUERYABLE), client.connection))
    return
  }
  client._queryQueue.push(own)
  client._pulseQueryQueue()
}

/** Sends a query of the library's own. Gives the rows of the text's last statement. */
export function rowsUnseen(client: object, query: OwnQuery): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    queryUnseen(client, query, (error, result) => {
      if (error) return reject(error)
      const last: unknown = Array.isArray(result) ? result.at(-1) : result
      resolve((last as OwnResult).rows)
    })
  })
}

/** Connects a client of the library's own, past what tools have wrapped around node-postgres' `connect`. */
export function connectUnseen(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const connected = (error?: Error | null): void => (error ? reject(error) : resolve())
    if (hasOwnConnect(client)) client.connect(connected)
    else (client as unknown as Connecting)._connect(connected)
  })
}

const NOT_QUERYABLE = 'Client has encountered a connection error and is not queryable'

/** False for native clients, and for what only looks like a client. */
function hasInternals(client: object): client is Internals {
  const { connection, connectionParameters, _queryQueue, _pulseQueryQueue } = client as Partial<Internals>
  const isPg = Array.isArray(_queryQueue) && typeof _pulseQueryQueue === 'function'
  return isPg && connection !== undefined && connectionParameters !== undefined
}

/** True for a client without node-postgres' inner method, and for a subclass whose `connect` is the application's. */
function hasOwnConnect(client: object): boolean {
  if (!('_connect' in client)) return true
  let owner: object | null = client
  while (owner !== null && !Object.hasOwn(owner, '_connect')) owner = Reflect.getPrototypeOf(owner)
  return owner === null || Reflect.get(client, 'connect') !== Reflect.get(owner, 'connect')
}

/** Node-postgres' own timer would fail the query and leave the connection with an answer that nobody waits for. */
function bounded(client: Internals, answered: OwnAnswered): OwnAnswered {
  const timeoutMs = Number(client.connectionParameters.query_timeout ?? 0)
  if (!(timeoutMs > 0)) return answered
  const timer = deadline(systemPlatform, Math.max(timeoutMs, LEAST_TIMEOUT_MS), () =>
    client.connection.stream.destroy(),
  )
  return (error, result) => {
    timer.cancel()
    answered(error, result)
  }
}
