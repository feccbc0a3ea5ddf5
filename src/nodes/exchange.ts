import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { isServerError } from '../platform/server-error.ts'
import { queryUnseen, type OwnQuery } from '../platform/unseen.ts'

/** Receives the result of node-postgres. */
export type Done = (error: Error | undefined, result?: unknown) => void

/** Sends one statement over a connection. */
export type Send = (client: PoolClient, done: Done) => void

/** The early end of an exchange. */
export interface End {
  readonly error?: Error | undefined
  readonly result?: unknown
}

/** An internal query that is sent before or after a statement. */
export interface SideQuery {
  /** The query, or a function that returns it when its turn comes; `undefined` to skip it. */
  readonly ask: OwnQuery | (() => OwnQuery | undefined)
  /** Receives the answer. Returns an end to stop the exchange. Absent: the exchange continues in any case. */
  readonly answered?: (error: Error | undefined, result: unknown) => End | undefined
}

/** Returns the internal queries for one connection. */
export type SideQueriesOf = (client: PoolClient) => readonly SideQuery[]

/** A statement with the internal queries before and after it. */
export interface Exchange {
  /** Sent before the statement. */
  readonly before?: readonly SideQuery[] | undefined
  /** Sends the statement. Absent: only the internal queries are sent. */
  readonly query?: Send | undefined
  /** Sent after the statement. */
  readonly after?: readonly SideQuery[] | undefined
  /**
   * Whether everything may be pipelined in one round trip, if node-postgres supports that. Only for a statement that is
   * safe when a query before it fails, and for queries that do not depend on each other's answers.
   * @defaultValue false
   */
  readonly canPipeline?: boolean
}

/** No internal queries. */
export const NOTHING: readonly SideQuery[] = []

/** Whether a statement may share its connection with others: exactly when there are no queries before and after it. */
export function isAlone({ before = NOTHING, after = NOTHING }: Exchange): boolean {
  return before.length === 0 && after.length === 0
}

/** Whether node-postgres can pipeline on this connection, as of version 8.23. */
export function canSendAhead(client: object): boolean {
  return 'pipeline' in client
}

/**
 * Runs an exchange over an idle connection. In sequence, a query before the statement may prevent it from being sent,
 * and nothing follows a failed statement. In one round trip everything is sent, and when a query stops the exchange,
 * the statement's answer is dropped. Calls `done` once, when nothing is in flight any more.
 */
export function exchange(client: PoolClient, what: Exchange, done: Done): void {
  const { query = nothing } = what
  if (isAlone(what)) return query(client, done)
  if (what.canPipeline === true && canSendAhead(client)) new RoundTrip(client, done).send(what)
  else inTurn(client, what, done)
}

function inTurn(
  client: PoolClient,
  { before = NOTHING, query = nothing, after = NOTHING }: Exchange,
  done: Done,
): void {
  askInTurn(client, before, (stop) => {
    if (stop !== undefined) return done(stop.error, stop.result)
    let isAnswered = false
    const answered: Done = (error, result) => {
      isAnswered = true
      if (error) return done(error, result)
      askInTurn(client, after, (end) =>
        end === undefined ? done(error, result) : done(end.error, end.result),
      )
    }
    try {
      query(client, answered)
    } catch (thrown) {
      if (isAnswered) throw thrown
      done(asError(thrown))
    }
  })
}

function askInTurn(
  client: PoolClient,
  queries: readonly SideQuery[],
  over: (end?: End) => void,
  index = 0,
): void {
  const side = queries[index]
  if (side === undefined) return over()
  const goOn = (): void => askInTurn(client, queries, over, index + 1)
  const query = queryOf(side)
  if (query === undefined) return goOn()
  queryUnseen(client, query, (error, result) => {
    const end = side.answered?.(error ?? undefined, result)
    if (end === undefined) goOn()
    else over(end)
  })
}

/**
 * An exchange in one round trip. It ends with the last answer, so that none reaches the next holder of the connection.
 */
class RoundTrip {
  readonly #client: PoolClient
  readonly #switch: { pipeline: boolean }
  readonly #wasPipelined: boolean
  readonly #done: Done
  /** Number of pending answers, and one more while the queries are being sent. */
  #awaited = 1
  #answer: { readonly error: Error | undefined; readonly result: unknown } | undefined
  #end: End | undefined

  constructor(client: PoolClient, done: Done) {
    this.#client = this.#switch = client
    this.#wasPipelined = client.pipeline
    this.#done = done
  }

  send({ before = NOTHING, query = nothing, after = NOTHING }: Exchange): void {
    this.#switch.pipeline = true
    const stream = streamOf(this.#client)
    // Each write to a socket wakes the server, which costs more than a short statement.
    stream?.cork?.()
    try {
      for (const side of before) this.#ask(side, () => true)
      this.#query(query)
      // A query after the statement that is answered first was sent before it after all, so its answer means nothing.
      for (const side of after) this.#ask(side, () => this.#answer !== undefined)
    } finally {
      stream?.uncork?.()
    }
    this.#heard()
  }

  #ask(side: SideQuery, counts: () => boolean): void {
    const query = queryOf(side)
    if (query === undefined) return
    this.#awaited += 1
    queryUnseen(this.#client, query, (error, result) => {
      if (this.#end === undefined && counts()) this.#end = side.answered?.(error ?? undefined, result)
      this.#heard()
    })
  }

  #query(query: Send): void {
    this.#awaited += 1
    const answered: Done = (error, result) => {
      if (this.#answer !== undefined) return
      this.#answer = { error, result }
      this.#heard()
    }
    try {
      query(this.#client, answered)
    } catch (thrown) {
      answered(asError(thrown))
    }
  }

  #heard(): void {
    this.#awaited -= 1
    if (this.#awaited > 0) return
    this.#switch.pipeline = this.#wasPipelined
    const { error, result } = this.#answer ?? {}
    // An error that is not the server's means that the connection is broken, which takes precedence.
    const isOfConnection = error && !isServerError(error)
    if (this.#end === undefined || isOfConnection) this.#done(error, result)
    else this.#done(this.#end.error, this.#end.result)
  }
}

/** Returns the stream of a connection of node-postgres. Other implementations, and streams of the caller, may lack it. */
function streamOf(client: object): { cork?(): void; uncork?(): void } | undefined {
  return (client as { readonly connection?: { readonly stream?: { cork?(): void; uncork?(): void } } })
    .connection?.stream
}

function queryOf({ ask }: SideQuery): OwnQuery | undefined {
  return typeof ask === 'function' ? ask() : ask
}

function nothing(_client: PoolClient, done: Done): void {
  done(undefined)
}
