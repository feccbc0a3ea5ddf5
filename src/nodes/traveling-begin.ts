import type { PoolClient } from 'pg'
import { isServerError } from '../platform/server-error.ts'
import type { Done } from './exchange.ts'
import { hasOwnQuery } from './own-query.ts'
import type { PendingBegin } from './pending-begin.ts'
import { forgetActive, type ConfigFields } from './query.ts'

/** The part of node-postgres' connection that is used. */
interface Wire {
  readonly submittedNamedStatements: Record<string, string>
  parse(query: { readonly text: string }): void
  bind(portal: object): void
  execute(portal: object): void
}

/** The part of node-postgres' query class that is used. */
interface PgQuery {
  callback: Done
  name: unknown
  binary: unknown
  queryMode: unknown
  readonly _result: { _types?: unknown }
  requiresPreparation(): boolean
  prepare(connection: Wire): void
  submit(connection: Wire): Error | null
  handleRowDescription(message: unknown): void
  handleDataRow(message: unknown): void
  handlePortalSuspended(connection: Wire): void
  handleEmptyQuery(connection: Wire): void
  handleCommandComplete(message: unknown, connection: Wire): void
  handleError(error: Error, connection: Wire): void
  handleReadyForQuery(connection: Wire): void
  handleCopyInResponse(connection: Wire): void
  handleCopyData(message: unknown, connection: Wire): void
}
type PgQueryClass = new (config: unknown, values?: unknown) => PgQuery
interface LedPgQuery extends PgQuery {
  /** Sets the BEGIN to write before it. */
  follow(begin: PendingBegin): void
}
type LedPgQueryClass = new (config: unknown, values?: unknown) => LedPgQuery

/** Result of a query that is not sent: its command tag, or an error. */
export type Unsent = string | Error

/** Returned by `submit()` in place of an error: node-postgres then waits for nothing and goes on with its next query. */
const NOT_SENT = new Error('Nothing was sent')

/** Whether a BEGIN can be held back on this connection: it is node-postgres' JavaScript client, as it is. */
export function canHoldBegin(client: PoolClient): boolean {
  if (client.pipeline || hasOwnQuery(client)) return false
  const { prototype } = queryClassOf(client) as { readonly prototype?: Partial<PgQuery> }
  if (typeof prototype?.prepare !== 'function' || typeof prototype.requiresPreparation !== 'function')
    return false
  const { bind, execute, parse, submittedNamedStatements } = wireOf(client)
  const isWire = [bind, execute, parse].every((member) => typeof member === 'function')
  return isWire && submittedNamedStatements !== undefined
}

/**
 * Answers a query without sending it, as node-postgres answers one: later, with its own result, and seen by tools that
 * wrap `client.query`.
 * @param end Called when it would be sent, with its text. It is not called if the connection is broken, or if a tool
 * sends another query in its place.
 */
export function answerUnsent(
  client: PoolClient,
  config: ConfigFields,
  end: (text: unknown) => Unsent,
  done: Done,
): void {
  client.query(new UnsentQuery(client, config, end) as unknown as string, done as () => void)
}

/** Sends a query with a held BEGIN before it. One Sync ends both: if BEGIN fails, the server skips the query. */
export function sendLed(client: PoolClient, config: ConfigFields, begin: PendingBegin, done: Done): void {
  const query = new LedQuery(client, config, begin)
  try {
    client.query(query as unknown as string, done as () => void)
  } catch (error) {
    forgetActive(client, query)
    throw error
  }
}

/**
 * A query object for node-postgres' `client.query`. Its methods are own, enumerable properties that work on `this`: tools
 * that wrap `client.query` copy a query with `{ ...query, text }` to add a comment to it, and the copy has to do what the
 * original does. A BEGIN would otherwise get lost on the way.
 */
class QueryObject {
  text: unknown
  values: unknown
  name: unknown
  types: unknown
  rowMode: unknown
  binary: unknown
  queryMode: unknown
  query_timeout: unknown
  callback: Done | undefined = undefined
  readonly client: PoolClient

  constructor(client: PoolClient, config: ConfigFields) {
    this.text = config.text
    this.values = config.values
    this.name = config.name
    this.types = config.types
    this.rowMode = config.rowMode
    this.binary = config.binary
    this.queryMode = config.queryMode
    this.query_timeout = config.query_timeout
    this.client = client
  }
}

class UnsentQuery extends QueryObject {
  readonly end: (text: unknown) => Unsent
  tag: string | undefined = undefined
  readonly submit: typeof submitUnsent = submitUnsent
  readonly handleError: typeof failUnsent = failUnsent

  constructor(client: PoolClient, config: ConfigFields, end: (text: unknown) => Unsent) {
    super(client, config)
    this.end = end
  }
}

function submitUnsent(this: UnsentQuery): Error {
  const end = this.end(this.text)
  if (end instanceof Error) return end
  this.tag = end
  return NOT_SENT
}

function failUnsent(this: UnsentQuery, error: Error, connection: Wire): void {
  const { callback = nothing, tag } = this
  if (error !== NOT_SENT || tag === undefined) return callback(error)
  const query = newQuery(queryClassOf(this.client), this)
  query.callback = callback
  query.handleCommandComplete({ text: tag }, connection)
  query.handleReadyForQuery(connection)
}

class LedQuery extends QueryObject {
  readonly begin: PendingBegin
  query: PgQuery | undefined = undefined
  /** The caller's name for the statement. It is not the name of the BEGIN, whose ParseComplete comes first. */
  hiddenName: unknown = undefined
  readonly submit: typeof submitLed = submitLed
  readonly handleCommandComplete: typeof completeLed = completeLed
  readonly handleError: typeof failLed = failLed
  readonly handleReadyForQuery: typeof endLed = endLed
  readonly handleRowDescription: typeof passRowDescription = passRowDescription
  readonly handleDataRow: typeof passDataRow = passDataRow
  readonly handlePortalSuspended: typeof passPortalSuspended = passPortalSuspended
  readonly handleEmptyQuery: typeof passEmptyQuery = passEmptyQuery
  readonly handleCopyInResponse: typeof passCopyInResponse = passCopyInResponse
  readonly handleCopyData: typeof passCopyData = passCopyData

  constructor(client: PoolClient, config: ConfigFields, begin: PendingBegin) {
    super(client, config)
    this.begin = begin
  }
}

function submitLed(this: LedQuery, connection: Wire): Error | null {
  const query = newQuery(ledQueryClassOf(queryClassOf(this.client)), this)
  query.follow(this.begin)
  query.callback = (error, result) => this.callback?.(error, result)
  this.query = query
  this.hiddenName = this.name
  this.name = undefined
  return query.submit(connection)
}

function completeLed(this: LedQuery, message: unknown, connection: Wire): void {
  if (this.begin.state !== 'sent') return this.query?.handleCommandComplete(message, connection)
  this.begin.answered(undefined)
  this.name = this.hiddenName
}

function failLed(this: LedQuery, error: Error, connection: Wire): void {
  const { begin, callback, hiddenName, query } = this
  if (begin.state === 'sent' && isServerError(error)) {
    begin.answered(error)
    if (typeof hiddenName === 'string') delete connection.submittedNamedStatements[hiddenName]
  }
  if (query === undefined) callback?.(error)
  else query.handleError(error, connection)
}

function endLed(this: LedQuery, connection: Wire): void {
  this.begin.over()
  this.query?.handleReadyForQuery(connection)
}

function passRowDescription(this: LedQuery, message: unknown): void {
  this.query?.handleRowDescription(message)
}

function passDataRow(this: LedQuery, message: unknown): void {
  this.query?.handleDataRow(message)
}

function passPortalSuspended(this: LedQuery, connection: Wire): void {
  this.query?.handlePortalSuspended(connection)
}

function passEmptyQuery(this: LedQuery, connection: Wire): void {
  this.query?.handleEmptyQuery(connection)
}

function passCopyInResponse(this: LedQuery, connection: Wire): void {
  this.query?.handleCopyInResponse(connection)
}

function passCopyData(this: LedQuery, message: unknown, connection: Wire): void {
  this.query?.handleCopyData(message, connection)
}

const ledQueryClasses = new WeakMap<PgQueryClass, LedPgQueryClass>()

function ledQueryClassOf(Query: PgQueryClass): LedPgQueryClass {
  let Led = ledQueryClasses.get(Query)
  if (Led === undefined) ledQueryClasses.set(Query, (Led = makeLedQueryClass(Query)))
  return Led
}

/** Creates a query class that writes a BEGIN before itself. */
function makeLedQueryClass(Query: PgQueryClass): LedPgQueryClass {
  return class extends Query implements LedPgQuery {
    #begin: PendingBegin | undefined

    follow(begin: PendingBegin): void {
      this.#begin = begin
    }

    /** A simple query brings a Sync of its own, so that a text alone goes as an extended query, too. */
    override requiresPreparation(): boolean {
      return true
    }

    /** node-postgres calls this after its checks of the query, with the stream corked. */
    override prepare(connection: Wire): void {
      // The answer to a simple query is always text.
      if (!super.requiresPreparation()) this.binary = false
      const begin = this.#begin
      if (begin !== undefined) {
        connection.parse({ text: begin.text })
        connection.bind({})
        connection.execute({})
        begin.sent()
      }
      super.prepare(connection)
    }
  }
}

/** Creates the query of node-postgres that a query object stands for. */
function newQuery<Made extends PgQuery>(
  Query: new (config: unknown, values?: unknown) => Made,
  { binary, client, name, queryMode, rowMode, text, types, values }: QueryObject,
): Made {
  // node-postgres clones a configuration with all its property descriptors, which takes long.
  const isSimple = rowMode === undefined && types === undefined
  const query = isSimple ? new Query(text, values) : new Query({ text, values, rowMode, types })
  query.name = name
  query.binary = binary
  query.queryMode = queryMode
  query._result._types ??= Reflect.get(client, '_types')
  return query
}

function queryClassOf(client: object): PgQueryClass {
  return Reflect.get(client.constructor, 'Query') as PgQueryClass
}

function wireOf(client: object): Partial<Wire> {
  return (Reflect.get(client, 'connection') ?? {}) as Partial<Wire>
}

function nothing(): void {}
