import type { Client, QueryArrayConfig, QueryConfig } from 'pg'
import { inThisContext } from './async-context.ts'
import { deadline } from './deadline.ts'
import { LEAST_TIMEOUT_MS, queryTimeoutOf } from './query-timeout.ts'
import { systemPlatform } from './system.ts'

/** An internal query of this library. Its rows are arrays with `rowMode: 'array'`. */
export type OwnQuery = string | QueryConfig | QueryArrayConfig

/** The part of a result that is used. */
export interface OwnResult {
  readonly rows: readonly unknown[]
}

/** Callback of node-postgres. The result is a list for a text with several statements. */
export type OwnAnswered = (error: Error | null | undefined, result?: unknown) => void

/** A query object of node-postgres. */
interface PgQuery {
  callback: OwnAnswered
  handleError(error: Error, connection: unknown): void
}
type PgQueryClass = new (config: OwnQuery) => PgQuery

/** Members of node-postgres' client that its types lack. */
interface Internals {
  readonly connection: { readonly stream: { destroy(): void } }
  readonly connectionParameters: { readonly query_timeout?: number | string | false }
  readonly _queryQueue: PgQuery[]
  readonly _queryable: boolean
  readonly _types: unknown
  readonly binary?: unknown
  readonly _ending: boolean
  _pulseQueryQueue(): void
}

type OtherQuery = (query: object, answered: OwnAnswered | undefined) => void

/** Members of any client, including other implementations. */
interface AnyClient {
  query(query: OwnQuery, answered: OwnAnswered): void
}

/** Internal method of node-postgres' `connect`. */
interface Connecting {
  _connect(callback: (error?: Error | null) => void): void
}

/**
 * Sends an internal query. Tracing tools wrap `client.query` and would show it as a query of the application, so it
 * goes directly into the client's queue. The client's `types` and `binary` do not apply. Its `query_timeout` is raised
 * to at least 5 s, and closes the connection.
 */
export function queryUnseen(client: object, query: OwnQuery, answered: OwnAnswered): void {
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  if (typeof Query !== 'function' || !hasInternals(client))
    return (client as AnyClient).query(query, answered)
  const own = new (Query as PgQueryClass)(query)
  // A connection calls back in the async context of the code that opened it.
  own.callback = bounded(client, inThisContext(answered))
  enqueue(client, own)
}

function enqueue(client: Internals, query: PgQuery): void {
  if (!client._queryable || client._ending) {
    process.nextTick(() => query.handleError(new Error(NOT_QUERYABLE), client.connection))
    return
  }
  client._queryQueue.push(query)
  client._pulseQueryQueue()
}

/** A query object of the application. */
interface SentQuery {
  binary?: unknown
  callback?: OwnAnswered
  readonly query_timeout?: unknown
  readonly _result?: { _types?: unknown }
}

/**
 * Sends a query of the application which tools have seen already. Like `client.query`, but unseen, and a timeout closes
 * the connection.
 */
export function queryAgain(client: object, query: object, answered?: OwnAnswered): void {
  if (!hasInternals(client)) return (client as { query: OtherQuery }).query(query, answered)
  const { binary, connectionParameters, _types } = client
  const sent: SentQuery = query
  if (answered !== undefined) {
    const timeoutMs = queryTimeoutOf(sent.query_timeout) || queryTimeoutOf(connectionParameters.query_timeout)
    sent.callback = timed(client, timeoutMs, answered)
  }
  if (binary === true && !sent.binary) sent.binary = true
  if (sent._result !== undefined) sent._result._types ??= _types
  enqueue(client, query as PgQuery)
}

/** Sends an internal query. Returns the rows of its last statement. */
export function rowsUnseen(client: object, query: OwnQuery): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    queryUnseen(client, query, (error, result) => {
      if (error) return reject(error)
      const last: unknown = Array.isArray(result) ? result.at(-1) : result
      resolve((last as OwnResult).rows)
    })
  })
}

/** Connects an internal client without the wrappers that tools put around node-postgres' `connect`. */
export function connectUnseen(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const connected = (error?: Error | null): void => (error ? reject(error) : resolve())
    if (hasOwnConnect(client)) client.connect(connected)
    else (client as unknown as Connecting)._connect(connected)
  })
}

const NOT_QUERYABLE = 'Client has encountered a connection error and is not queryable'

/** Whether it is a JavaScript client of node-postgres, not a native client or another implementation. */
function hasInternals(client: object): client is Internals {
  const { connection, connectionParameters, _queryQueue, _pulseQueryQueue } = client as Partial<Internals>
  const isPg = Array.isArray(_queryQueue) && typeof _pulseQueryQueue === 'function'
  return isPg && connection !== undefined && connectionParameters !== undefined
}

/** Whether the client lacks node-postgres' internal method, or its class overrides `connect`. */
function hasOwnConnect(client: object): boolean {
  if (!('_connect' in client)) return true
  let owner: object | null = client
  while (owner !== null && !Object.hasOwn(owner, '_connect')) owner = Reflect.getPrototypeOf(owner)
  return owner === null || Reflect.get(client, 'connect') !== Reflect.get(owner, 'connect')
}

/**
 * Applies the timeout by closing the connection. node-postgres' own timer would fail the query but leave its answer
 * pending on the connection.
 */
function bounded(client: Internals, answered: OwnAnswered): OwnAnswered {
  const timeoutMs = queryTimeoutOf(client.connectionParameters.query_timeout)
  return timeoutMs > 0 ? timed(client, Math.max(timeoutMs, LEAST_TIMEOUT_MS), answered) : answered
}

function timed(client: Internals, timeoutMs: number, answered: OwnAnswered): OwnAnswered {
  if (!(timeoutMs > 0)) return answered
  const timer = deadline(systemPlatform, timeoutMs, () => client.connection.stream.destroy())
  return (error, result) => {
    timer.cancel()
    answered(error, result)
  }
}
