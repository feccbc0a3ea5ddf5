import type { PgQuery } from './copyable-query.ts'

/** Unvalidated fields of a query's configuration. */
export interface ConfigFields {
  readonly text?: unknown
  readonly name?: unknown
  readonly values?: unknown
  readonly types?: unknown
  readonly rowMode?: unknown
  readonly binary?: unknown
  readonly rows?: unknown
  readonly portal?: unknown
  readonly queryMode?: unknown
  readonly query_timeout?: unknown
}

/** node-postgres' query class, or one derived from that. */
export type QueryClass<Made extends PgQuery = PgQuery> = new (config: unknown, values?: unknown) => Made

/** The query class of a client's copy of node-postgres. */
export function queryClassOf(client: object): QueryClass {
  return Reflect.get(client.constructor, 'Query') as QueryClass
}

/** Creates a query of node-postgres, or of a class derived from that. */
export function newQuery<Made extends PgQuery>(Query: QueryClass<Made>, config: ConfigFields): Made {
  const {
    binary,
    name,
    portal,
    query_timeout: timeout,
    queryMode,
    rowMode,
    rows,
    text,
    types,
    values,
  } = config
  // node-postgres clones a configuration with all its property descriptors, which takes long.
  const isSimple = rowMode === undefined && types === undefined && rows === undefined && portal === undefined
  const query = isSimple ? new Query(text, values) : new Query({ text, values, rowMode, types, rows, portal })
  query.name = name
  query.binary = binary
  query.queryMode = queryMode
  if (timeout !== undefined) query.query_timeout = timeout
  // Tools that add a comment to the text copy the query, and node-postgres reads the mode of a copy here.
  if (rowMode !== undefined) Object.assign(query, { rowMode })
  return query
}
