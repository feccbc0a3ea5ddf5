import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { failureOf, type Failure } from './failure.ts'

/** An error as the server sends it. */
function ofServer(code: string, routine?: string): Error {
  const error = new DatabaseError('anything, in any language', 100, 'error')
  return Object.assign(error, { code, routine })
}

function ofSocket(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.1:5432`), { code })
}

describe('failureOf', () => {
  it.each<[Failure, string, string | undefined, string]>([
    ['standby-refusal', '25006', 'PreventCommandIfReadOnly', 'SELECT FOR UPDATE, a CTE that writes, nextval'],
    ['standby-refusal', '25006', 'PreventCommandDuringRecovery', 'txid_current'],
    ['standby-refusal', '25006', 'replorigin_check_prerequisites', 'a replication origin'],
    ['standby-refusal', '25006', undefined, 'through a pooler that drops fields'],
    ['standby-refusal', '0A000', 'get_relation_info', 'an unlogged table'],
    ['standby-refusal', '0A000', 'GetSerializableTransactionSnapshot', 'default isolation serializable'],
    ['standby-refusal', '0A000', 'call_enum_check_hook', 'isolation level serializable'],
    ['standby-refusal', '0A000', 'call_bool_check_hook', 'read write'],
    ['standby-refusal', '0A000', 'CheckLogicalDecodingRequirements', 'logical decoding, before version 16'],
    ['standby-refusal', '55000', 'LockAcquireExtended', 'a strong lock'],
    ['standby-refusal', '55000', 'pg_current_wal_lsn', 'recovery is in progress'],
    ['standby-refusal', '55000', 'brin_summarize_range', 'recovery is in progress'],
    ['standby-refusal', 'XX000', 'GetNewTransactionId', 'cannot assign TransactionIds during recovery'],
    ['standby-refusal', 'XX000', 'GetNewObjectId', 'cannot assign OIDs during recovery'],
    ['standby-refusal', 'XX000', 'GetNewMultiXactId', 'cannot assign MultiXactIds during recovery'],
    ['standby-refusal', 'XX000', 'XLogBeginInsert', 'cannot make new WAL entries during recovery'],
    ['standby-refusal', 'XX000', 'XLogInsertRecord', 'the same, one step later'],
    ['recovery-conflict', '40001', 'ProcessRecoveryConflictInterrupt', 'replay removed rows that are read'],
    ['recovery-conflict', '40001', 'ProcessInterrupts', 'the same, before version 17'],
    ['recovery-conflict', '40P01', 'CheckRecoveryConflictDeadlock', 'replay waits for a buffer that is read'],
    ['recovery-conflict', '57P04', 'ProcessRecoveryConflictInterrupt', 'replay dropped the database'],
    ['statement', '0A000', 'RevalidateCachedQuery', 'a cached plan must not change its result type'],
    ['statement', '0A000', '_SPI_execute_plan', 'INSERT is not allowed in a non-volatile function'],
    ['statement', '0A000', undefined, 'something that PostgreSQL does not do'],
    ['statement', '55000', 'currval_oid', 'currval before nextval'],
    ['statement', '55000', 'lastval', 'lastval before nextval'],
    ['statement', '55000', 'ExecOpenScanRelation', 'a materialised view that has no data'],
    ['statement', '55000', 'error_commit_ts_disabled', 'what nobody has recorded'],
    ['statement', '55000', undefined, 'an object that is not ready'],
    ['sick', 'XX000', 'getObjectTypeDescription', 'an internal error'],
    ['sick', 'XX000', undefined, 'an internal error'],
    ['sick', 'XX001', 'buffer_readv_report', 'a damaged page'],
    ['sick', 'XX002', '_bt_checkpage', 'a damaged index'],
    ['sick', '53100', 'FileWriteV', 'a full disk'],
    ['sick', '53200', 'MemoryContextAllocationFailure', 'no memory left'],
    ['sick', '53400', 'FileWriteV', 'a limit in the configuration of the node: temp_file_limit'],
    ['sick', '58030', 'mdreadv', 'an error of the disk'],
    ['sick', '58P01', 'internal_load_library', 'a library that is missing there'],
    ['statement', '53100', 'exec_stmt_raise', 'RAISE with a code of its own choice'],
    ['statement', '54001', 'check_stack_depth', 'a statement that is too complex'],
    ['statement', '25006', 'exec_stmt_raise', 'RAISE with a code of its own choice'],
    ['statement', '40001', 'exec_stmt_raise', 'RAISE with a code of its own choice'],
    ['statement', '42P01', 'parserOpenTable', 'an unknown table'],
    ['statement', '22012', 'int4div', 'division by zero'],
    ['statement', '23505', '_bt_check_unique', 'a duplicate'],
    ['statement', '57014', 'ProcessInterrupts', 'a statement timeout, or a cancel by the user'],
    ['statement', '40P01', 'DeadLockReport', 'a deadlock'],
    ['statement', '08P01', 'exec_bind_message', 'more values than parameters'],
    ['statement', '08001', 'dblink_connect', 'a third server that cannot be reached'],
    ['busy', '53300', 'InitProcess', 'too many connections'],
    ['busy', '53300', 'InitPostgres', 'the remaining connections are reserved'],
    ['node', '57P01', 'ProcessInterrupts', 'shut down by an administrator'],
    ['node', '57P02', 'quickdie', 'a crash'],
    ['node', '57P03', 'ProcessStartupPacket', 'starting up'],
    ['node', '57P05', 'ProcessInterrupts', 'an idle session timeout'],
    ['node', '08006', undefined, 'a connection failure'],
    ['node', '08P01', undefined, 'a pooler that has lost its server'],
  ])('%s: SQLSTATE %s of %s (%s)', (expected, code, routine) => {
    expect(failureOf(ofServer(code, routine))).toBe(expected)
  })

  it('statement: an option of the connection that a pooler does not know, wherever it is opened', () => {
    const refused = new Error('unsupported startup parameter: lock_timeout')
    expect(failureOf(Object.assign(refused, { code: '08P01' }))).toBe('statement')
  })

  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENOENT',
    'ERR_STREAM_DESTROYED',
    'ERR_STREAM_WRITE_AFTER_END',
    'EPROTO',
  ])('node: %s of the socket', (code) => {
    expect(failureOf(ofSocket(code))).toBe('node')
  })

  it.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
  ])('node: "%s", which has no code', (message) => {
    expect(failureOf(new Error(message))).toBe('node')
  })

  it.each([20, null, {}, Symbol('code')])('statement: the code %s, which is no text', (code) => {
    expect(failureOf(Object.assign(new Error('aborted'), { code: code as unknown as string }))).toBe(
      'statement',
    )
  })

  it('statement: a DOMException, whose code is a number', () => {
    expect(failureOf(new DOMException('aborted', 'AbortError') as Error as never)).toBe('statement')
  })

  it('statement: a message that is no text', () => {
    const error = Object.assign(new Error('x'), {
      code: '42601',
      message: { toString: 1 } as unknown as string,
    })
    expect(failureOf(error)).toBe('statement')
  })

  it("busy: pg-pool's word for having no connection to give in time", () => {
    expect(failureOf(new Error('timeout exceeded when trying to connect'))).toBe('busy')
  })

  it.each([
    ["the caller's limit", new Error('Query read timeout')],
    ['bad values', new TypeError('Query values must be an array')],
    [
      'a value that cannot be converted',
      Object.assign(new TypeError('bad'), { code: 'ERR_INVALID_ARG_TYPE' }),
    ],
    ['a text that only mentions a refusal', new Error('cannot execute UPDATE in a read-only transaction')],
    ['a text that only mentions a broken connection', new Error('he said: Connection terminated')],
  ])('statement: %s', (_name, error) => {
    expect(failureOf(error)).toBe('statement')
  })
})
