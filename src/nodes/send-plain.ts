import type { Answered, PlainQuery } from './plain-query.ts'

/** What node-postgres' own query class is, as far as it is used here. */
interface PgQuery {
  name: string | undefined
  binary: boolean | undefined
  query_timeout?: number | undefined
}
type PgQueryClass = new (text: string, values: readonly unknown[] | undefined, callback: Answered) => PgQuery

/** node-postgres' client. Its class tells the query class of its own copy. */
interface Sender {
  query(query: object, callback: Answered): void
}

/**
 * Hands a plain query to node-postgres.
 * @param timeoutMs node-postgres' own `query_timeout`, in milliseconds. Absent: as the connection has it.
 */
export function sendPlain(
  client: Sender,
  query: PlainQuery,
  name: string | undefined,
  timeoutMs: number | undefined,
  answered: Answered,
): void {
  const { text, values, rowMode, types, binary } = query
  const Query: unknown = Reflect.get(client.constructor, 'Query')
  if (rowMode !== undefined || types !== undefined || typeof Query !== 'function') {
    return client.query({ text, values, name, rowMode, types, binary, query_timeout: timeoutMs }, answered)
  }
  // A configuration is cloned with all its property descriptors, which takes longer than all the rest of sending.
  const made = new (Query as PgQueryClass)(text, values, answered)
  made.name = name
  made.binary = binary
  if (timeoutMs !== undefined) made.query_timeout = timeoutMs
  client.query(made, answered)
}
