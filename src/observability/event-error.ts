import { isServerError } from '../platform/server-error.ts'

/**
 * An error as events show it, in place of one that may hold values of a statement. It has the name, the SQLSTATE and the
 * severity of the original, and of its message what holds no value.
 */
export class EventError extends Error {
  override readonly name: string
  /** SQLSTATE, code of Node.js, or code of this library. */
  declare readonly code?: string
  /** Severity, for an error of the server. */
  declare readonly severity?: string

  constructor(original: Error, depth = 0) {
    const { cause } = original
    const isNested = cause instanceof Error && depth < DEEPEST
    super(messageOf(original), isNested ? { cause: eventError(cause, depth + 1) } : undefined)
    this.name = original.name
    // It would lead here, and the original's begins with the message.
    this.stack = `${this.name}: ${this.message}`
    const { code, severity } = original as { readonly code?: unknown; readonly severity?: unknown }
    if (typeof code === 'string') this.code = code
    if (typeof severity === 'string') this.severity = severity
  }
}

/** Number of errors behind an error that are shown. */
const DEEPEST = 2

/**
 * SQLSTATE classes and codes whose messages hold no value of a statement: logins, connections, shutdowns, and what a
 * standby rejects.
 */
const WITHOUT_VALUES = /^(?:08|28|57P0|53300|3D000|25006)/

/** Server function of PL/pgSQL's RAISE, which may raise any code with any message. */
const RAISED_BY_USER = 'exec_stmt_raise'

/** Returns the error if it surely holds no value of a statement, else an `EventError` in its place. */
export function eventError(error: unknown, depth = 0): Error {
  if (!(error instanceof Error)) return new Error('An exception that is not an Error')
  const isPlain = !isOfServer(error) && mayShow(error) && error.cause === undefined
  return isPlain || error instanceof EventError ? error : new EventError(error, depth)
}

function messageOf(error: Error): string {
  if (mayShow(error)) return error.message
  return isOfServer(error) ? `SQLSTATE ${String(Reflect.get(error, 'code'))}` : error.name
}

/** Whether the message holds no value. That of `JSON.parse` quotes its text. */
function mayShow(error: Error): boolean {
  if (!isOfServer(error)) return error.name !== 'SyntaxError'
  const { code, routine } = error as { readonly code?: unknown; readonly routine?: unknown }
  return routine !== RAISED_BY_USER && typeof code === 'string' && WITHOUT_VALUES.test(code)
}

function isOfServer(error: Error): boolean {
  return isServerError(error)
}
