import type { PoolClient } from 'pg'
import { withOutcome } from '../errors/outcome.ts'
import { exchange, type Done, type Send } from '../nodes/exchange.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { PendingBegin } from '../nodes/pending-begin.ts'
import { isTextAlone, suitsExtended, type Query } from '../nodes/query.ts'
import { answerUnsent, canHoldBegin, sendLed } from '../nodes/traveling-begin.ts'
import { DatabaseError } from '../platform/pg.ts'
import { isServerError } from '../platform/server-error.ts'
import { mayFollowBegin, tagOfBegin, tagOfEnd } from '../statement/behind-begin.ts'
import type { Statement } from '../statement/statement.ts'

/** A statement of a client, and how it is sent. */
export interface Outgoing {
  readonly statement: Statement
  readonly query: Query
  /** Sends a query object. Absent: the query sends itself. */
  readonly send?: Send | undefined
}

/** Returns the command tag with which this BEGIN can be answered at once; `undefined` when it has to be sent. */
export function tagOfHeld(client: PoolClient, { query, send, statement }: Outgoing): string | undefined {
  const { text } = query
  if (send !== undefined || text === undefined) return undefined
  const tag = tagOfBegin(statement, text)
  if (tag === undefined || !isTextAlone(query.asConfig())) return undefined
  return canHoldBegin(client) ? tag : undefined
}

/** Answers a BEGIN without sending it. */
export function holdBegin(
  client: PoolClient,
  begin: PendingBegin,
  tag: string,
  query: Query,
  done: Done,
): void {
  const end = (text: unknown): string => {
    begin.hold(text as string)
    return tag
  }
  answerUnsent(client, query.asConfig(), end, (error, result) => {
    // A tool that wraps `query` has sent it after all, or the connection is broken.
    if (begin.state === 'asked') begin.over()
    done(error, result)
  })
}

/**
 * Sends a statement of the transaction that a held BEGIN begins. BEGIN goes along with it, under one Sync, or where
 * that cannot be, before it. If BEGIN fails, the statement has its error and was not run.
 */
export function sendBehind(begin: PendingBegin, client: PoolClient, outgoing: Outgoing, done: Done): void {
  const answered: Done = (error, result) => {
    if (error && begin.state === 'failed') withOutcome(error, 'not-sent')
    // A text of several statements may have ended the transaction, and its callback asks for the status.
    if (!error && outgoing.statement.multiple && begin.state === 'begun') begin.over()
    done(error, result)
  }
  if (begin.state === 'failed') return refuse(begin, client, outgoing, answered)
  const { query, statement } = outgoing
  const send = outgoing.send ?? query.send
  // node-postgres refuses it.
  if (isBroken(client)) return send(client, answered)
  const tag = endOf(outgoing)
  if (tag !== undefined) return endUnsent(begin, client, query, tag, answered)
  const config = query.asConfig()
  const goesAlong = outgoing.send === undefined && mayFollowBegin(statement) && suitsExtended(config)
  if (goesAlong) sendLed(client, config, begin, answered)
  else sendFirst(begin, client, send, answered)
}

/** A transaction without a statement ends as it began. */
function endUnsent(begin: PendingBegin, client: PoolClient, query: Query, tag: string, done: Done): void {
  const end = (): string => {
    begin.over()
    return tag
  }
  answerUnsent(client, query.asConfig(), end, done)
}

/** Sends BEGIN in a round trip of its own. */
function sendFirst(begin: PendingBegin, client: PoolClient, send: Send, done: Done): void {
  const ask = (): string => {
    begin.sent()
    return begin.text
  }
  const answered = (error: Error | undefined): { error: Error } | undefined => {
    if (error === undefined || isServerError(error)) begin.answered(error)
    return error && { error }
  }
  exchange(client, { before: [{ ask, answered }], query: send }, done)
}

/** The server knows of no transaction, so the rest of it is refused as the server refuses it in a failed one. */
function refuse(begin: PendingBegin, client: PoolClient, outgoing: Outgoing, done: Done): void {
  if (endOf(outgoing) !== undefined) return endUnsent(begin, client, outgoing.query, 'ROLLBACK', done)
  const error = abortedError(begin.failure)
  answerUnsent(client, outgoing.query.asConfig(), () => error, done)
}

function endOf({ query, send, statement }: Outgoing): string | undefined {
  return send === undefined && query.text !== undefined ? tagOfEnd(statement, query.text) : undefined
}

function abortedError(cause: Error | undefined): Error {
  const message = 'current transaction is aborted, commands ignored until end of transaction block'
  const error = new DatabaseError(message, message.length, 'error')
  return Object.assign(error, { severity: 'ERROR', code: '25P02', cause })
}
