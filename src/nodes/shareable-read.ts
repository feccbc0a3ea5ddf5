/**
 * A proven read that is nothing but a text and its values. It may share a connection, may be prepared, and can be sent again
 * without asking the caller.
 */
export interface ShareableRead {
  readonly text: string
  /** As they go over the wire: nothing of the caller's runs when they are sent. */
  readonly values: readonly unknown[] | undefined
  readonly rowMode: 'array' | undefined
  /** The caller's own type parsers. */
  readonly types: object | undefined
  readonly binary: boolean | undefined
  /** The schema in which it may be prepared; see `Naming`. `undefined`: in none. */
  readonly schema: string | undefined
  /** node-postgres' `query_timeout` of this query, in milliseconds. Absent: as the connection has it. */
  readonly timeoutMs: number | undefined
}

/** Receives what node-postgres answered, untouched: its `null` where there is no error included. */
export type Answered = (error: Error | null | undefined, result?: unknown) => void

/** Waits for a read that rides on a lane. One of the two is called, once. */
export interface Rider {
  answered(error: Error | null | undefined, result?: unknown): void
  /** It has no answer, and its lane will not wait for one: it is to run over a lease. The node has done nothing wrong. */
  moved(): void
}

/** A read under way on a lane. */
export interface Ride {
  /** Nobody waits for it any more: it is left to come to its end by itself. */
  leave(): void
}

/**
 * Whether it is answered with the same when it has a name. Without values node-postgres sends it as a simple query, to
 * which the server answers with texts though `binary` is asked for; not so when it has a name.
 */
export function mayHaveName(
  { binary, schema, values }: ShareableRead,
  client: { readonly binary?: boolean },
): boolean {
  return schema !== undefined && ((values !== undefined && values.length > 0) || !(binary || client.binary))
}
