import { isServerError } from '../platform/server-error.ts'

/**
 * An error as events show it, in place of one that may hold values of a statement. It has the name, the SQLSTATE and
 * the severity of the original, and of its message what holds no value.
 *
 * @example
 * pool.events.on('nodeSick', ({ cause }) => console.log(cause instanceof EventError, cause.message))
 */
export class EventError extends Error {
  override readonly name: string
  /** SQLSTATE, code of Node.js, or code of this library. */
  declare readonly code?: string
  /** Severity, for an error of the server. */
  declare readonly severity?: string

  constructor(original: Error, shows: Shows, depth = 0) {
    const { cause } = original
    const isNested = cause instanceof Error && depth < DEEPEST
    super(messageOf(original, shows), isNested ? { cause: shown(cause, shows, depth + 1) } : undefined)
    this.name = original.name
    // It would lead here, and the original's begins with the message.
    this.stack = `${this.name}: ${this.message}`
    const { code, severity } = original as { readonly code?: unknown; readonly severity?: unknown }
    if (typeof code === 'string' && CODE.test(code)) this.code = code
    if (typeof severity === 'string') this.severity = severity
  }
}

/** Tells errors whose message holds no value. */
type Shows = (error: Error) => boolean

/** Number of errors behind an error that are shown. */
const DEEPEST = 2

/**
 * SQLSTATE classes and codes whose messages hold no value of a statement: logins, connections, shutdowns, and what a
 * standby rejects.
 */
const WITHOUT_VALUES = /^(?:08|28|57P0|53300|3D000|25006)/

/** Server function of PL/pgSQL's RAISE, which may raise any code with any message. */
const RAISED_BY_USER = 'exec_stmt_raise'

/** Beginnings of node-postgres' and pg-pool's messages about a connection or the arguments of a call. */
const OF_DRIVER =
  /^(?:Connection terminated|timeout ex|Query read timeout|Query values must|A query must|Client (?:has|was)|Cannot use a pool|The (?:connection|cursor|server)|There was an error establishing|SASL)/

/** Codes of Node.js about a connection, and of this library. */
const OF_CONNECTION =
  /^(?:SWITCHYARD_|E(?:CONN|HOST|NET|PIPE|TIMEDOUT|AI_|NOTFOUND)|ERR_(?:SSL|TLS)|CERT_|DEPTH_|HOSTNAME_|SELF_|UNABLE_)/

/** Codes of PostgreSQL, Node.js and this library. An application may make up others. */
const CODE = /^[A-Z0-9_]{1,60}$/

/** Fields that hold no value and no secret. */
const PLAIN_FIELDS: ReadonlySet<string | symbol> = new Set([
  'stack',
  'message',
  'name',
  'code',
  'errno',
  'syscall',
  'address',
  'port',
  'hostname',
  'retryable',
  'outcome',
])

/** User and password in a URL. */
const CREDENTIALS = /\/\/[^\s/@]*@/g

/**
 * Returns the error of the cluster if it surely holds no value of a statement and no password, else an `EventError` in
 * its place.
 */
export function eventError(error: unknown): Error {
  return shown(error, isOfCluster)
}

/**
 * Like `eventError`, for an error with which a statement has failed. Code of the application may have thrown it, such
 * as a type parser, with a value in its message.
 */
export function statementError(error: unknown): Error {
  return shown(error, (each) => (isOfServer(each) ? isOfCluster(each) : isOfDriver(each)))
}

function shown(error: unknown, shows: Shows, depth = 0): Error {
  if (!(error instanceof Error)) return new Error('An exception that is not an Error')
  if (error instanceof EventError) return error
  const isPlain =
    !isOfServer(error) &&
    shows(error) &&
    withoutCredentials(error.message) === error.message &&
    Reflect.ownKeys(error).every((field) => PLAIN_FIELDS.has(field))
  return isPlain ? error : new EventError(error, shows, depth)
}

function messageOf(error: Error, shows: Shows): string {
  if (shows(error)) return withoutCredentials(error.message)
  return isOfServer(error) ? `SQLSTATE ${String(Reflect.get(error, 'code'))}` : error.name
}

function withoutCredentials(text: string): string {
  return text.replaceAll(CREDENTIALS, '//…@')
}

/** Whether the message holds no value. That of `JSON.parse` quotes its text. */
function isOfCluster(error: Error): boolean {
  if (!isOfServer(error)) return error.name !== 'SyntaxError'
  const { code, routine, where } = error as { readonly [Field in 'code' | 'routine' | 'where']?: unknown }
  if (typeof code !== 'string' || routine === RAISED_BY_USER) return false
  // A function in another language may raise any code, too.
  return WITHOUT_VALUES.test(code) && (where === undefined || code.startsWith('57P0'))
}

function isOfDriver(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'code')
  return OF_DRIVER.test(error.message) || (typeof code === 'string' && OF_CONNECTION.test(code))
}

function isOfServer(error: Error): boolean {
  return isServerError(error)
}
