/** Classification of an error, which decides whether the statement may run on another node. */
export type Failure =
  /** The node or the network failed. Another node may answer. */
  | 'node'
  /** The node is no longer the primary: nothing must be sent there. */
  | 'fenced'
  /** The node is alive but has no free connection. Another node may have one. */
  | 'busy'
  /**
   * The queue of its tier at this node is full. Another replica may have room; the primary must not serve it instead.
   */
  | 'full'
  /** It has waited for this node for the maximum time of its tier. */
  | 'overdue'
  /** A standby rejected the statement because it is a standby. Nothing was done, so it may run on the primary. */
  | 'standby-refusal'
  /** A standby cancelled the read because of a recovery conflict. */
  | 'recovery-conflict'
  /**
   * The node may have a problem with its disk, memory or data, if another node runs the same statement successfully.
   */
  | 'sick'
  /** An error of the statement, or a limit of the caller. From a replica it counts only if that has caught up. */
  | 'statement'

/** Errors of sockets and of name resolution, by Node.js' `code`. */
const SOCKET_CODES: ReadonlySet<string> = new Set([
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
])

/** Errors of node-postgres and pg-pool that have no code. */
const MESSAGES: ReadonlyMap<string, Failure> = new Map<string, Failure>([
  ['Connection terminated', 'node'],
  ['Connection terminated unexpectedly', 'node'],
  ['Connection terminated due to connection timeout', 'node'],
  ['Client has encountered a connection error and is not queryable', 'node'],
  ['Client was closed and is not queryable', 'node'],
  // Every connection of the pool was in use for longer than the timeout.
  ['timeout exceeded when trying to connect', 'busy'],
])

/** Meaning of an SQLSTATE. */
interface Meaning {
  readonly failure: Failure
  /**
   * Server functions that raise this code with this meaning; absent for all. From other functions it is an error of the
   * statement.
   */
  readonly routines?: ReadonlySet<string>
}

function saidBy(failure: Failure, ...routines: readonly string[]): Meaning {
  return { failure, routines: new Set(routines) }
}

/** Meanings by SQLSTATE, as observed on standbys of PostgreSQL 13 to 18, and from their sources. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['53300', { failure: 'busy' }], // too_many_connections: of the server, the role or the database
  ['57P01', { failure: 'node' }], // admin_shutdown
  ['57P02', { failure: 'node' }], // crash_shutdown
  ['57P03', { failure: 'node' }], // cannot_connect_now
  ['57P05', { failure: 'node' }], // idle_session_timeout

  // A standby has neither row locks nor serializable transactions, so only a conflict can raise 40001 there.
  ['40001', { failure: 'recovery-conflict' }],
  ['40P01', saidBy('recovery-conflict', 'CheckRecoveryConflictDeadlock')],
  ['57P04', { failure: 'recovery-conflict' }], // the database was dropped under the connection

  ['25006', { failure: 'standby-refusal' }], // read_only_sql_transaction
  [
    '0A000',
    saidBy(
      'standby-refusal',
      'get_relation_info', // an unlogged or temporary relation
      'GetSerializableTransactionSnapshot',
      'call_enum_check_hook', // transaction_isolation = serializable
      'call_bool_check_hook', // transaction_read_only = off
      'CheckLogicalDecodingRequirements',
    ),
  ],
  [
    '55000',
    saidBy(
      'standby-refusal',
      'LockAcquireExtended', // a lock stronger than ROW EXCLUSIVE
      // "Recovery is in progress", each in its own function.
      'pg_current_wal_lsn',
      'pg_current_wal_insert_lsn',
      'pg_current_wal_flush_lsn',
      'pg_switch_wal',
      'pg_walfile_name',
      'pg_walfile_name_offset',
      'pg_create_restore_point',
      'pg_log_standby_snapshot',
      'brin_summarize_range',
      'brin_desummarize_range',
      'gin_clean_pending_list',
      'relation_statistics_update',
      'attribute_statistics_update',
      'pg_clear_attribute_stats',
    ),
  ],
  // A new connection to the primary has reached a standby.
  ['SWITCHYARD_FENCED', { failure: 'fenced' }],
  // A replica rejected the session's settings. Nothing was run.
  ['SWITCHYARD_SETTING_REFUSED', { failure: 'standby-refusal' }],
  // A replica rejected a statement of an "acquire" listener. The caller's statement must not run without it.
  ['SWITCHYARD_HOOK_REFUSED', { failure: 'standby-refusal' }],
  // A shared address has led to a server that cannot serve this. The next connection may lead to another one.
  ['SWITCHYARD_UNFIT_SERVER', { failure: 'busy' }],
  // The last lines of defence.
  [
    'XX000',
    saidBy(
      'standby-refusal',
      'GetNewTransactionId',
      'GetNewObjectId',
      'GetNewMultiXactId',
      'XLogBeginInsert',
      'XLogInsertRecord',
    ),
  ],
])

/**
 * SQLSTATE classes of a server that cannot do its work: insufficient resources, system errors, and internal errors,
 * damaged data among them.
 */
const SICK_CLASSES: ReadonlySet<string> = new Set(['53', '58', 'XX'])

/** Server function of PL/pgSQL's RAISE, which may raise any code. */
const RAISED_BY_USER = 'exec_stmt_raise'

interface PostgresError extends Error {
  readonly code?: string | undefined
  /** The server function that raised the error. */
  readonly routine?: string | undefined
}

/**
 * Classifies the error of an autocommit statement on a standby. The server's messages are localized, so they are not
 * used.
 */
export function failureOf(error: PostgresError): Failure {
  const { code, message, routine } = error
  // The code of a DOMException is a number.
  if (typeof code !== 'string') return MESSAGES.get(message) ?? 'statement'
  if (SOCKET_CODES.has(code)) return 'node'
  if (routine === RAISED_BY_USER) return 'statement'
  // A pooler has rejected the startup options, and will reject them for every connection.
  if (typeof message === 'string' && message.startsWith('unsupported startup parameter')) return 'statement'
  // PostgreSQL's own errors of this class concern one message or another server; those of a pooler have no routine.
  if (code.startsWith('08')) return routine === undefined ? 'node' : 'statement'
  const other = SICK_CLASSES.has(code.slice(0, 2)) ? 'sick' : 'statement'
  const meaning = MEANINGS.get(code)
  if (meaning === undefined) return other
  const { failure, routines } = meaning
  return routines === undefined || (routine !== undefined && routines.has(routine)) ? failure : other
}

/**
 * Whether the error is the result of a read on the primary, where there are no recovery conflicts and no better node.
 */
export function isAnswer(failure: Failure, isReplica: boolean): boolean {
  if (failure === 'statement') return true
  return !isReplica && (failure === 'recovery-conflict' || failure === 'sick')
}
