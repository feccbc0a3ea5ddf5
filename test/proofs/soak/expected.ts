import { outcomeOf } from '../../../src/index.ts'

/**
 * Errors of servers that are shut down, and of connections that are lost: 57P01 to 57P03, class 08, 40001 of replay and
 * of transactions that meet, 40P01, and 55P03. 25006 comes when a session's connection was lost.
 */
const CODES =
  /^(?:57P0[1-3]|08...|40001|40P01|E(?:CONNRESET|CONNREFUSED|PIPE|NOTFOUND)|SWITCHYARD_(?:NO_PRIMARY|PRIMARY_BEHIND|READ_TIMEOUT|FENCED))$/
const TEXTS =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/

/** A replica that does not answer is taken from the list of nodes: what has shown rows cannot move. */
const GONE = /is no longer a node of the cluster$/

/**
 * Whether faults of servers and connections explain that a caller got this error.
 * @param isInParts Whether a part of the result may have been shown before
 */
export function isExpected(error: unknown, isInParts: boolean): boolean {
  if (!(error instanceof Error)) return false
  if (outcomeOf(error) !== undefined || TEXTS.test(error.message)) return true
  if (isInParts && GONE.test(error.message)) return true
  const code: unknown = Reflect.get(error, 'code')
  return (typeof code === 'string' && CODES.test(code)) || isExpected(error.cause, isInParts)
}
