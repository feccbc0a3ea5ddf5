/** What an error says about the node that gave it, as far as running the statement elsewhere is concerned. */
export type Failure =
  /** The node, or the way to it, failed. Another node may do better. */
  | 'node'
  /** The cluster has left the node behind: nothing is to be sent there, whatever it would answer. */
  | 'fenced'
  /** The node lives, and has no connection to give at the moment. Another node may have one. */
  | 'busy'
  /** Too many of its tier wait for this node already. Another replica may have room, and the primary is not to pay for it. */
  | 'full'
  /** It has waited for this node for as long as its tier lets it. */
  | 'overdue'
  /** The standby refused the statement because it is a standby. It has done nothing; the primary may take it. */
  | 'standby-refusal'
  /** The standby cancelled the read because replay got in its way. */
  | 'recovery-conflict'
  /** The node could not do its work: disk, memory or data are to blame, if another node does better with the same statement. */
  | 'sick'
  /** The statement's own fault, or the caller's limit. From a replica it counts only if that has caught up. */
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
  // Every connection of the pool was in use for longer than the caller wanted to wait.
  ['timeout exceeded when trying to connect', 'busy'],
])

/** What one SQLSTATE means. */
interface Meaning {
  readonly failure: Failure
  /** The server's functions that say so with this code; absent where all do. Others mean the statement. */
  readonly routines?: ReadonlySet<string>
}

function saidBy(failure: Failure, ...routines: readonly string[]): Meaning {
  return { failure, routines: new Set(routines) }
}

/** By SQLSTATE. What standbys of PostgreSQL 15 and 18 answered, and what their sources have besides. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['53300', { failure: 'busy' }], // too_many_connections: of the server, the role or the database
  ['57P01', { failure: 'node' }], // admin_shutdown
  ['57P02', { failure: 'node' }], // crash_shutdown
  ['57P03', { failure: 'node' }], // cannot_connect_now
  ['57P05', { failure: 'node' }], // idle_session_timeout

  // A standby has neither row locks nor serializable transactions, so nothing else is left that could give 40001 there.
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
  // A replica does not take what the session has set elsewhere: nothing was run.
  ['SWITCHYARD_SETTING_REFUSED', { failure: 'standby-refusal' }],
  // Nor what an "acquire" listener sends: the statement must not run without it.
  ['SWITCHYARD_HOOK_REFUSED', { failure: 'standby-refusal' }],
  // An address of several servers has led to one that cannot serve this. The next connection may lead to another.
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
 * SQLSTATE classes of a server that cannot do its work: insufficient resources, system errors, and internal errors, damaged
 * data among them.
 */
const SICK_CLASSES: ReadonlySet<string> = new Set(['53', '58', 'XX'])

/** Where PL/pgSQL's RAISE comes from, which may give any code. */
const RAISED_BY_USER = 'exec_stmt_raise'

interface PostgresError extends Error {
  readonly code?: string | undefined
  /** The server's function that gave the error. */
  readonly routine?: string | undefined
}

/** Judges the error of an autocommit statement that ran on a standby. The server's messages are localised, so they do not count. */
export function failureOf(error: PostgresError): Failure {
  const { code, message, routine } = error
  if (code === undefined) return MESSAGES.get(error.message) ?? 'statement'
  if (SOCKET_CODES.has(code)) return 'node'
  if (routine === RAISED_BY_USER) return 'statement'
  // A pooler refuses the options of the connection, and will refuse them for every other one.
  if (message.startsWith('unsupported startup parameter')) return 'statement'
  // What PostgreSQL itself gives of this class is about one message or another server; a pooler names no routine.
  if (code.startsWith('08')) return routine === undefined ? 'node' : 'statement'
  const other = SICK_CLASSES.has(code.slice(0, 2)) ? 'sick' : 'statement'
  const meaning = MEANINGS.get(code)
  if (meaning === undefined) return other
  const { failure, routines } = meaning
  return routines === undefined || (routine !== undefined && routines.has(routine)) ? failure : other
}

/** Whether it is the answer to a read. The primary has no replay to conflict with, and no node is better than it. */
export function isAnswer(failure: Failure, isReplica: boolean): boolean {
  if (failure === 'statement') return true
  return !isReplica && (failure === 'recovery-conflict' || failure === 'sick')
}
