import type { Client } from 'pg'
import { rowsUnseen, type OwnQuery } from '../platform/unseen.ts'

/**
 * Lifts the timeouts of the role, the database and the connection for the following statements of the same text. The
 * settings end with the text, also behind a pooler. SET is not a query, so the text may still set the isolation level.
 */
const WITHOUT_LIMITS = 'set local statement_timeout = 0; set local lock_timeout = 0; '
const WITHOUT_TRANSACTION_LIMIT = 'set local transaction_timeout = 0; '
/** The first version of PostgreSQL that has `transaction_timeout`. */
const HAS_TRANSACTION_TIMEOUT = 17

/** Clients whose server has `transaction_timeout`. */
const withTransactionTimeout = new WeakSet<object>()

/** Owners that had a query canceled by a timeout. */
const limited = new WeakSet<object>()

/** Notes which timeouts the server supports. Call it before the client connects. */
export function noteLimits(client: Client): void {
  client.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
    if (parameterName !== 'server_version') return
    if (Number.parseInt(parameterValue, 10) >= HAS_TRANSACTION_TIMEOUT) withTransactionTimeout.add(client)
  })
}

interface ParameterStatus {
  readonly parameterName: string
  readonly parameterValue: string
}

/** Runs a text without timeouts. Returns the rows of the last statement. */
export function rowsWithoutLimits(client: object, text: string): Promise<readonly unknown[]> {
  return rowsUnseen(client, withoutLimits(client, text))
}

/**
 * Runs a text with the timeouts in force, which saves the cost of lifting them. Once a timeout has canceled a query of
 * this owner, runs its texts without timeouts. Returns the rows as arrays.
 *
 * @throws an error that passes `isCutWithConnection`: retry over a new connection
 */
export async function rowsInSpiteOfLimits(
  owner: object,
  client: object,
  text: string,
): Promise<readonly unknown[]> {
  const question: OwnQuery = { text, rowMode: 'array' }
  const unlimited: OwnQuery = { ...question, text: withoutLimits(client, text) }
  if (limited.has(owner)) return rowsUnseen(client, unlimited)
  try {
    return await rowsUnseen(client, question)
  } catch (error) {
    const isCut = isLimit(error)
    if (isCut || isCutWithConnection(error)) limited.add(owner)
    if (isCut) return rowsUnseen(client, unlimited)
    throw error
  }
}

/** Whether `transaction_timeout` ended the query. The server is alive but has closed the connection. */
export function isCutWithConnection(error: unknown): boolean {
  return codeOf(error) === '25P04'
}

function withoutLimits(client: object, text: string): string {
  const ofTransaction = withTransactionTimeout.has(client) ? WITHOUT_TRANSACTION_LIMIT : ''
  return ofTransaction + WITHOUT_LIMITS + text
}

/** Whether the error is query_canceled or lock_not_available. The server is alive. */
function isLimit(error: unknown): boolean {
  const code = codeOf(error)
  return code === '57014' || code === '55P03'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined
}
