/** What an error says about the node that gave it, as far as running the statement elsewhere is concerned. */
export type Failure =
  /** The node, or the way to it, failed. Another node may do better. */
  | 'node'
  /** The node lives, but has no connection to give. */
  | 'busy'
  /** The standby refused the statement because it is a standby. It has done nothing; the primary may take it. */
  | 'standby-refusal'
  /** The standby cancelled the read because replay got in its way. */
  | 'recovery-conflict'
  /** The statement's own fault, or the caller's limit: it would fail anywhere. */
  | 'statement'

/** Errors of sockets and of name resolution, by Node.js' `code`. */
const NODE_FAILURE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'ENOTCONN',
  'EPROTO',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  // SQLSTATE
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
])

/** node-postgres gives these errors no code. */
const NODE_FAILURE_MESSAGES: ReadonlySet<string> = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
])

/** Server functions that say "not on a standby" under an SQLSTATE which also means other things. */
const REFUSAL_ROUTINES: Readonly<Record<string, ReadonlySet<string>>> = {
  '0A000': new Set([
    'get_relation_info',
    'GetSerializableTransactionSnapshot',
    'check_transaction_isolation',
  ]),
  '55000': new Set(['PreventCommandDuringRecovery', 'LockAcquireExtended']),
}

interface PostgresError extends Error {
  readonly code?: string
  readonly routine?: string
}

/** Judges the error of an autocommit statement that ran on a standby. Messages are localised, so they do not count. */
export function failureOf(error: PostgresError): Failure {
  const { code, routine } = error
  if (code === undefined) return NODE_FAILURE_MESSAGES.has(error.message) ? 'node' : 'statement'
  if (NODE_FAILURE_CODES.has(code) || code.startsWith('08')) return 'node'
  if (code === '25006') return 'standby-refusal'
  if (code === '40001') return 'recovery-conflict'
  if (routine !== undefined && REFUSAL_ROUTINES[code]?.has(routine)) return 'standby-refusal'
  return 'statement'
}
