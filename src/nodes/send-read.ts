import type { Answered, ShareableRead } from './shareable-read.ts'

/** What node-postgres' own query class is, as far as it is used here. */
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

/** node-postgres' client. Its class tells the query class of its own copy. */
interface Sender {
  query(query: object, callback: Answered): void
}

/**
 * Hands a read to node-postgres. Tracing tools wrap `client.query` and put their own callback in place of the argument:
 * that is the only place where the callback may be.
 * @param timeoutMs node-postgres' own `query_timeout`, in milliseconds. Absent: as the connection has it.
 */
export function sendRead(
  client: Sender,
  read: ShareableRead,
  name: string | undefined,
  timeoutMs: number | undefined,
  answered: Answered,
): void {
  const { text, values, rowMode, types, binary } = read
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  const config = { text, values, rowMode, types, binary, query_timeout: timeoutMs }
  if (typeof Query !== 'function') return client.query({ ...config, name }, answered)
  const Named = namedQueryClassOf(Query as PgQueryClass)
  // A configuration is cloned with all its property descriptors, which takes longer than all the rest of sending.
  const isSimple = rowMode === undefined && types === undefined
  const made = isSimple ? new Named(name, text, values) : new Named(name, config)
  made.binary = binary
  if (timeoutMs !== undefined) made.query_timeout = timeoutMs
  client.query(made, answered)
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
