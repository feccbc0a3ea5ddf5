import type { Done } from './exchange.ts'

/** The part of node-postgres' connection that is used: it writes messages of the extended query protocol. */
export interface Wire {
  readonly submittedNamedStatements: Record<string, string>
  parse(query: { readonly text: string }): void
  bind(portal: object): void
  execute(portal: object): void
  sync(): void
}

/** The part of node-postgres' query class that is used. */
export interface PgQuery {
  text: unknown
  values: unknown
  name: unknown
  binary: unknown
  queryMode: unknown
  query_timeout?: unknown
  callback?: Done | null
  readonly _result: { _types?: unknown }
  requiresPreparation(): boolean
  prepare(connection: Wire): void
  submit(connection: Wire): Error | null
  handleRowDescription(message: unknown): void
  handleDataRow(message: unknown): void
  handlePortalSuspended(connection: Wire): void
  handleEmptyQuery(connection: Wire): void
  handleCommandComplete(message: unknown, connection: Wire): void
  handleError(error: Error, connection: Wire): void
  handleReadyForQuery(connection: Wire): void
  handleCopyInResponse(connection: Wire): void
  handleCopyData(message: unknown, connection: Wire): void
}

/**
 * A query object for node-postgres' `client.query` in front of a query of a class of our own. Its members are own,
 * enumerable properties, and its methods work on `this`. Tools that wrap `client.query` copy a query with `{ ...query,
 * text }` to add a comment to it. The copy would lose the class, and with it what the query sends ahead.
 */
export class CopyableQuery {
  readonly query: PgQuery
  text: unknown
  values: unknown
  name: unknown
  binary: unknown
  query_timeout: unknown
  callback: Done | undefined = undefined
  readonly _result: PgQuery['_result']
  readonly submit: (this: never, connection: Wire) => Error | null = submit
  readonly handleRowDescription: typeof handleRowDescription = handleRowDescription
  readonly handleDataRow: typeof handleDataRow = handleDataRow
  readonly handlePortalSuspended: typeof handlePortalSuspended = handlePortalSuspended
  readonly handleEmptyQuery: typeof handleEmptyQuery = handleEmptyQuery
  readonly handleCommandComplete: (this: never, message: unknown, connection: Wire) => void =
    handleCommandComplete
  readonly handleError: (this: never, error: Error, connection: Wire) => void = handleError
  readonly handleReadyForQuery: (this: never, connection: Wire) => void = handleReadyForQuery
  readonly handleCopyInResponse: typeof handleCopyInResponse = handleCopyInResponse
  readonly handleCopyData: typeof handleCopyData = handleCopyData

  /** @param name Name that it shows. */
  constructor(query: PgQuery, name: unknown = query.name) {
    this.query = query
    this.text = query.text
    this.values = query.values
    this.name = name
    this.binary = query.binary
    this.query_timeout = query.query_timeout
    this._result = query._result
  }
}

/** Submits the query with the text that a tool has made of it. */
export function submitQuery(copyable: CopyableQuery, connection: Wire): Error | null {
  const { query } = copyable
  query.text = copyable.text
  query.binary = copyable.binary
  query.callback = (error, result) => copyable.callback?.(error, result)
  return query.submit(connection)
}

/** Fails the query, also one that was never submitted. */
export function failQuery(copyable: CopyableQuery, error: Error, connection: Wire): void {
  const { query } = copyable
  query.callback ??= (failure, result) => copyable.callback?.(failure, result)
  query.handleError(error, connection)
}

function submit(this: CopyableQuery, connection: Wire): Error | null {
  return submitQuery(this, connection)
}

function handleRowDescription(this: CopyableQuery, message: unknown): void {
  this.query.handleRowDescription(message)
}

function handleDataRow(this: CopyableQuery, message: unknown): void {
  this.query.handleDataRow(message)
}

function handlePortalSuspended(this: CopyableQuery, connection: Wire): void {
  this.query.handlePortalSuspended(connection)
}

function handleEmptyQuery(this: CopyableQuery, connection: Wire): void {
  this.query.handleEmptyQuery(connection)
}

function handleCommandComplete(this: CopyableQuery, message: unknown, connection: Wire): void {
  this.query.handleCommandComplete(message, connection)
}

function handleError(this: CopyableQuery, error: Error, connection: Wire): void {
  failQuery(this, error, connection)
}

function handleReadyForQuery(this: CopyableQuery, connection: Wire): void {
  this.query.handleReadyForQuery(connection)
}

function handleCopyInResponse(this: CopyableQuery, connection: Wire): void {
  this.query.handleCopyInResponse(connection)
}

function handleCopyData(this: CopyableQuery, message: unknown, connection: Wire): void {
  this.query.handleCopyData(message, connection)
}
