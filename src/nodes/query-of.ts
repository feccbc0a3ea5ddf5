import type { ShareableRead } from './shareable-read.ts'

/** node-postgres' own query class, as far as it is used here. */
interface PgQuery {
  name: string | undefined
  binary: boolean | undefined
  query_timeout?: number | undefined
  submit(connection: unknown): Error | null
}
type PgQueryClass = new (config: string | object, values?: readonly unknown[]) => PgQuery
type NamedQueryClass = new (
  name: string | undefined,
  config: string | object,
  values?: readonly unknown[],
) => PgQuery

/**
 * Makes node-postgres' query out of a read. It has no callback: tracing tools wrap `client.query` and put their own in place of
 * its argument, so that is the only place where one may be.
 * @param client Its class tells the query class of its own copy of node-postgres.
 * @param timeoutMs node-postgres' own `query_timeout`, in milliseconds. Absent: as the connection has it.
 */
export function queryOf(client: object, read: ShareableRead, name?: string, timeoutMs?: number): object {
  const { text, values, rowMode, types, binary } = read
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  if (typeof Query !== 'function')
    return { text, values, rowMode, types, binary, name, query_timeout: timeoutMs }
  const Named = namedQueryClassOf(Query as PgQueryClass)
  // A configuration is cloned with all its property descriptors, which takes longer than all the rest of sending.
  const isSimple = rowMode === undefined && types === undefined
  const query = isSimple ? new Named(name, text, values) : new Named(name, { text, values, rowMode, types })
  query.binary = binary
  if (timeoutMs !== undefined) query.query_timeout = timeoutMs
  return query
}

const namedQueryClasses = new WeakMap<PgQueryClass, NamedQueryClass>()

function namedQueryClassOf(Query: PgQueryClass): NamedQueryClass {
  let Named = namedQueryClasses.get(Query)
  if (Named === undefined) namedQueryClasses.set(Query, (Named = makeNamedQueryClass(Query)))
  return Named
}

/**
 * Makes the class of queries that get their name when they are sent. Tracing tools look at a query before that, and would
 * call its span by the name, which says nothing to anybody.
 */
function makeNamedQueryClass(Query: PgQueryClass): NamedQueryClass {
  return class extends Query {
    readonly #name: string | undefined

    constructor(name: string | undefined, config: string | object, values?: readonly unknown[]) {
      super(config, values)
      this.#name = name
    }

    override submit(connection: unknown): Error | null {
      this.name = this.#name
      return super.submit(connection)
    }
  }
}
