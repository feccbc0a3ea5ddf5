import type { Client } from 'pg'
import { rowsUnseen, type OwnQuery } from '../platform/unseen.ts'

/**
 * Lifts the limits of the role, the database and the connection for the statements that follow in the same text. The settings
 * end with the text, also behind a pooler. They are no queries, so the text may still set the isolation level.
 */
const WITHOUT_LIMITS = 'set local statement_timeout = 0; set local lock_timeout = 0; '
const WITHOUT_TRANSACTION_LIMIT = 'set local transaction_timeout = 0; '
/** The first version of PostgreSQL that has `transaction_timeout`. */
const HAS_TRANSACTION_TIMEOUT = 17

/** Clients whose server has `transaction_timeout`. */
const withTransactionTimeout = new WeakSet<object>()

/** Owners of which a limit has cut a question. */
const limited = new WeakSet<object>()

/** Notes what limits the server has. To be called before the client connects. */
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

/** Asks without limits. Gives the rows of the text's last statement. */
export function rowsWithoutLimits(client: object, text: string): Promise<readonly unknown[]> {
  return rowsUnseen(client, withoutLimits(client, text))
}

/**
 * Asks without the cost of lifting limits, until a limit has cut a question of this owner: from then on it asks without
 * limits. Gives the rows as arrays.
 *
 * @throws what `isCutWithConnection` tells: then the question is to be asked over a new connection
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

/** transaction_timeout: the server answers, so it lives, but it has closed the connection. */
export function isCutWithConnection(error: unknown): boolean {
  return codeOf(error) === '25P04'
}

function withoutLimits(client: object, text: string): string {
  const ofTransaction = withTransactionTimeout.has(client) ? WITHOUT_TRANSACTION_LIMIT : ''
  return ofTransaction + WITHOUT_LIMITS + text
}

/** query_canceled and lock_not_available: the server answers, so it lives. */
function isLimit(error: unknown): boolean {
  const code = codeOf(error)
  return code === '57014' || code === '55P03'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined
}
