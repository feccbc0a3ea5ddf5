import type { PoolClient } from 'pg'
import { isServerError } from '../platform/server-error.ts'
import { CopyableQuery, failQuery, submitQuery, type PgQuery, type Wire } from './copyable-query.ts'
import type { Done } from './exchange.ts'
import { hasOwnQuery } from './own-query.ts'
import type { PendingBegin } from './pending-begin.ts'
import { newQuery, queryClassOf, type ConfigFields, type QueryClass } from './new-query.ts'
import { forgetActive } from './query.ts'

interface LedPgQuery extends PgQuery {
  /** Sets the BEGIN to write before it. */
  follow(begin: PendingBegin): void
}
type LedQueryClass = new (config: unknown, values?: unknown) => LedPgQuery

/** Result of a query that is not sent: its command tag, or an error. */
export type Unsent = string | Error

/**
 * Returned by `submit()` in place of an error: node-postgres then waits for nothing and goes on with its next query.
 */
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
  const query = new UnsentQuery(newQuery(queryClassOf(client), config), end)
  client.query(query as unknown as string, done as () => void)
}

/** Sends a query with a held BEGIN before it. One Sync ends both: if BEGIN fails, the server skips the query. */
export function sendLed(client: PoolClient, config: ConfigFields, begin: PendingBegin, done: Done): void {
  const led = newQuery(ledQueryClassOf(queryClassOf(client)), config)
  led.follow(begin)
  const query = new LedQuery(led, begin)
  try {
    client.query(query as unknown as string, done as () => void)
  } catch (error) {
    forgetActive(client, query)
    throw error
  }
}

class UnsentQuery extends CopyableQuery {
  readonly end: (text: unknown) => Unsent
  tag: string | undefined = undefined
  override readonly submit: typeof submitUnsent = submitUnsent
  override readonly handleError: typeof endUnsent = endUnsent

  constructor(query: PgQuery, end: (text: unknown) => Unsent) {
    super(query)
    this.end = end
  }
}

function submitUnsent(this: UnsentQuery): Error {
  const end = this.end(this.text)
  if (end instanceof Error) return end
  this.tag = end
  return NOT_SENT
}

function endUnsent(this: UnsentQuery, error: Error, connection: Wire): void {
  if (error !== NOT_SENT) return failQuery(this, error, connection)
  const { query } = this
  query.callback = this.callback ?? null
  query.handleCommandComplete({ text: this.tag }, connection)
  query.handleReadyForQuery(connection)
}

class LedQuery extends CopyableQuery {
  readonly begin: PendingBegin
  /** The caller's name for the statement. It is not the name of the BEGIN, whose ParseComplete comes first. */
  hiddenName: unknown = undefined
  override readonly submit: typeof submitLed = submitLed
  override readonly handleCommandComplete: typeof completeLed = completeLed
  override readonly handleError: typeof failLed = failLed
  override readonly handleReadyForQuery: typeof endLed = endLed

  constructor(query: PgQuery, begin: PendingBegin) {
    super(query)
    this.begin = begin
  }
}

function submitLed(this: LedQuery, connection: Wire): Error | null {
  this.hiddenName = this.name
  this.name = undefined
  return submitQuery(this, connection)
}

function completeLed(this: LedQuery, message: unknown, connection: Wire): void {
  if (this.begin.state !== 'sent') return this.query.handleCommandComplete(message, connection)
  this.begin.answered(undefined)
  this.name = this.hiddenName
}

function failLed(this: LedQuery, error: Error, connection: Wire): void {
  const { begin, hiddenName } = this
  if (begin.state === 'sent' && isServerError(error)) {
    begin.answered(error)
    if (typeof hiddenName === 'string') delete connection.submittedNamedStatements[hiddenName]
  }
  failQuery(this, error, connection)
}

function endLed(this: LedQuery, connection: Wire): void {
  this.begin.over()
  this.query.handleReadyForQuery(connection)
}

const ledQueryClasses = new WeakMap<QueryClass, LedQueryClass>()

function ledQueryClassOf(Query: QueryClass): LedQueryClass {
  let Led = ledQueryClasses.get(Query)
  if (Led === undefined) ledQueryClasses.set(Query, (Led = makeLedQueryClass(Query)))
  return Led
}

/** Creates a query class that writes a BEGIN before itself. */
function makeLedQueryClass(Query: QueryClass): LedQueryClass {
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

function wireOf(client: object): Partial<Wire> {
  return (Reflect.get(client, 'connection') ?? {}) as Partial<Wire>
}
