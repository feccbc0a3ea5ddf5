import type { Sighting } from './sighting.ts'

/**
 * A proven read that is only a text and values. It may share a connection and be prepared, and it can be repeated
 * without the caller.
 */
export interface ShareableRead {
  readonly text: string
  /** Values in wire format, so that no code of the caller runs when they are sent. */
  readonly values: readonly unknown[] | undefined
  readonly rowMode: 'array' | undefined
  /** The caller's own type parsers. */
  readonly types: object | undefined
  readonly binary: boolean | undefined
  /** The schema in which it may be prepared; see `Naming`. `undefined` if it may not be prepared. */
  readonly schema: string | undefined
  /** node-postgres' `query_timeout` of this query, in milliseconds. Absent: that of the connection. */
  readonly timeoutMs: number | undefined
  /** Absent: each sending is a query of its own to tools. */
  readonly sighting?: Sighting | undefined
}

/** Receives the unchanged result of node-postgres, including `null` for no error. */
export type Answered = (error: Error | null | undefined, result?: unknown) => void

/** Callbacks of a read on a lane. Exactly one is called, once. */
export interface Rider {
  answered(error: Error | null | undefined, result?: unknown): void
  /** Called when the read has to run over a lease instead. That is not a failure of the node. */
  moved(): void
}

/** A read in flight on a lane. */
export interface Ride {
  /** Time at which it was sent. */
  readonly sentAtMs: number
  /** Stops waiting for it. It runs to its end on the lane. */
  leave(): void
}

/**
 * Whether its answer is the same with a name. Without values node-postgres sends it as a simple query, whose answer is
 * in text format even with `binary`. With a name it would be binary.
 */
export function mayHaveName(
  { binary, schema, values }: ShareableRead,
  client: { readonly binary?: boolean },
): boolean {
  return schema !== undefined && ((values !== undefined && values.length > 0) || !(binary || client.binary))
}
