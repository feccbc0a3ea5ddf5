/** Messages of node-postgres and pg-pool, word for word, since programs compare them. */
export const TIMED_OUT = 'Query read timeout'
export const CLOSED = 'Client was closed and is not queryable'
export const CONNECTION_ERROR = 'Client has encountered a connection error and is not queryable'
export const TERMINATED = 'Connection terminated'
export const CONNECTED_BEFORE = 'Client has already been connected. You cannot reuse a client.'
export const RELEASED_TWICE = 'Release called on client which has already been released to the pool.'

/** Messages for a statement that was not sent, because its connection was known to be broken. */
export const REFUSED_UNSENT: ReadonlySet<string> = new Set([CLOSED, CONNECTION_ERROR])

/** A message of this library. */
export const ROUTES_NOTHING = 'This client was made for one node, and routes nothing that could be explained'
