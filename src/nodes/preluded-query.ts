import { CopyableQuery, type PgQuery, type Wire } from './copyable-query.ts'

/** A statement that is sent ahead of a query, under the same Sync: if it fails, the server skips the query. */
export interface Prelude {
  readonly text: string
  readonly values: readonly unknown[]
  /** Receives the columns of its row, in text format. Absent if they are not needed. */
  readonly answered?: ((fields: readonly (string | null)[]) => void) | undefined
  /** Returns the error of the query, which the server has not run, from that of the prelude. */
  readonly failed: (error: Error) => Error
}

type PgQueryClass = new (config: object) => PgQuery
type PreludedQueryClass = new (prelude: Prelude, config: object) => PgQuery

const classes = new WeakMap<PgQueryClass, PreludedQueryClass>()

/** The fields of a query's configuration that a query with a prelude has. A name is not among them. */
export interface PreludedConfig {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
  readonly binary?: unknown
  readonly query_timeout?: unknown
  readonly [field: string]: unknown
}

/**
 * Creates a query of node-postgres that sends a prelude first. Both run in one implicit transaction, and the caller
 * sees the answer to the query alone. Returns undefined if the client is not one of node-postgres' JavaScript clients.
 */
export function preludedQuery(
  client: object,
  prelude: Prelude,
  { binary, query_timeout: timeoutMs, ...config }: PreludedConfig,
): object | undefined {
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  if (typeof Query !== 'function' || !('connection' in client)) return undefined
  const { prototype } = Query as { readonly prototype: Partial<PgQuery> }
  if (typeof prototype.prepare !== 'function') return undefined
  const Preluded = classOf(Query as PgQueryClass)
  // node-postgres records a name with the first ParseComplete, which is the prelude's.
  const query = new Preluded(prelude, { ...config, name: undefined })
  // Without values it would be a simple query, whose answer is always text.
  const hasValues = Array.isArray(query.values) && query.values.length > 0
  query.binary = hasValues ? binary : undefined
  if (typeof timeoutMs === 'number') query.query_timeout = timeoutMs
  if (Reflect.get(client, 'pipeline') !== true) return new CopyableQuery(query)
  // In pipeline mode node-postgres takes its own class alone. Tools copy only a query whose name is undefined.
  return Object.setPrototypeOf(new CopyableQuery(query, null), prototype) as object
}

function classOf(Query: PgQueryClass): PreludedQueryClass {
  let Preluded = classes.get(Query)
  if (Preluded === undefined) classes.set(Query, (Preluded = makeClass(Query)))
  return Preluded
}

function makeClass(Query: PgQueryClass): PreludedQueryClass {
  return class extends Query {
    readonly #prelude: Prelude
    #isReached = false

    constructor(prelude: Prelude, config: object) {
      super(config)
      this.#prelude = prelude
    }

    override requiresPreparation(): boolean {
      return true
    }

    override prepare(connection: Wire): void {
      const { text, values } = this.#prelude
      connection.parse({ text })
      connection.bind({ values })
      connection.execute({})
      if (!Array.isArray(this.values) || this.values.length === 0) this.binary = false
      super.prepare(connection)
    }

    override handleDataRow(message: unknown): void {
      if (this.#isReached) super.handleDataRow(message)
      else this.#prelude.answered?.((message as { fields: (string | null)[] }).fields)
    }

    override handleCommandComplete(message: unknown, connection: Wire): void {
      if (this.#isReached) super.handleCommandComplete(message, connection)
      else this.#isReached = true
    }

    override handleError(error: Error, connection: Wire): void {
      const isOfPrelude = !this.#isReached && 'severity' in error
      super.handleError(isOfPrelude ? this.#prelude.failed(error) : error, connection)
    }

    override handleCopyInResponse(connection: Wire): void {
      super.handleCopyInResponse(connection)
      // A server that waits for data ignores the Sync that was sent with the query.
      connection.sync()
    }
  }
}
