import type { ShareableRead } from './shareable-read.ts'

/** The part of node-postgres' query class that is used. */
interface PgQuery {
  name: string | undefined
  readonly text: string
  binary: boolean | undefined
  rowMode?: 'array'
  query_timeout?: number | undefined
  submit(connection: Prepared): Error | null
}

/** A connection with the texts of its names. */
interface Prepared {
  readonly parsedStatements?: Readonly<Record<string, string>>
  readonly submittedNamedStatements?: Readonly<Record<string, string>>
}
type PgQueryClass = new (config: string | object, values?: readonly unknown[]) => PgQuery
type NamedQueryClass = new (
  name: string | undefined,
  config: string | object,
  values?: readonly unknown[],
) => PgQuery

/**
 * Creates node-postgres' query of a read. It has no callback: tracing tools wrap `client.query` and replace its
 * callback argument, so the callback must be passed there.
 * @param client Its class has the query class of its copy of node-postgres.
 * @param timeoutMs node-postgres' `query_timeout`, in milliseconds. Absent: that of the connection.
 */
export function queryOf(client: object, read: ShareableRead, name?: string, timeoutMs?: number): object {
  const { text, values, rowMode, types, binary } = read
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  if (typeof Query !== 'function')
    return { text, values, rowMode, types, binary, name, query_timeout: timeoutMs }
  const Named = namedQueryClassOf(Query as PgQueryClass)
  // node-postgres clones a configuration with all its property descriptors, which takes longer than the rest of
  // sending.
  const isSimple = rowMode === undefined && types === undefined
  const query = isSimple ? new Named(name, text, values) : new Named(name, { text, values, rowMode, types })
  query.binary = binary
  if (timeoutMs !== undefined) query.query_timeout = timeoutMs
  // Tools that add a comment to the text copy the query, and node-postgres reads the mode of a copy here.
  if (rowMode !== undefined) query.rowMode = rowMode
  return query
}

const namedQueryClasses = new WeakMap<PgQueryClass, NamedQueryClass>()

function namedQueryClassOf(Query: PgQueryClass): NamedQueryClass {
  let Named = namedQueryClasses.get(Query)
  if (Named === undefined) namedQueryClasses.set(Query, (Named = makeNamedQueryClass(Query)))
  return Named
}

/**
 * Creates a query class whose name is set when the query is sent. Tracing tools read a query before that, and would
 * name its span after the generated name.
 */
function makeNamedQueryClass(Query: PgQueryClass): NamedQueryClass {
  return class extends Query {
    readonly #name: string | undefined

    constructor(name: string | undefined, config: string | object, values?: readonly unknown[]) {
      super(config, values)
      this.#name = name
    }

    override submit(connection: Prepared): Error | null {
      const name = this.#name
      // A tool may have added a comment to the text, and another one to each run of it.
      if (name !== undefined && isFree(connection, name, this.text)) this.name = name
      return super.submit(connection)
    }
  }
}

/** Whether a connection has no other statement of this name. */
function isFree(
  { parsedStatements, submittedNamedStatements }: Prepared,
  name: string,
  text: string,
): boolean {
  const known = parsedStatements?.[name] ?? submittedNamedStatements?.[name]
  return known === undefined || known === text
}
