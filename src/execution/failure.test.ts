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
    ['standby-refusal', '25006', 'ExecCheckXactReadOnly', 'SELECT FOR UPDATE, or a CTE that writes'],
    ['standby-refusal', '25006', 'PreventCommandIfReadOnly', 'nextval'],
    ['standby-refusal', '25006', 'PreventCommandDuringRecovery', 'txid_current'],
    ['standby-refusal', '0A000', 'get_relation_info', 'an unlogged table'],
    ['standby-refusal', '0A000', 'GetSerializableTransactionSnapshot', 'serializable isolation'],
    ['standby-refusal', '55000', 'LockAcquireExtended', 'a strong lock'],
    ['recovery-conflict', '40001', 'ProcessRecoveryConflictInterrupt', 'replay removed rows that are read'],
    ['recovery-conflict', '40001', 'ProcessInterrupts', 'the same, before version 17'],
    ['statement', '0A000', 'RevalidateCachedQuery', 'a cached plan must not change its result type'],
    ['statement', '0A000', undefined, 'something that PostgreSQL does not do'],
    ['statement', '55000', 'currval_oid', 'currval before nextval'],
    ['statement', '55000', 'ExecOpenScanRelation', 'a materialised view that has no data'],
    ['statement', '42P01', 'parserOpenTable', 'an unknown table'],
    ['statement', '22012', 'int4div', 'division by zero'],
    ['statement', '23505', '_bt_check_unique', 'a duplicate'],
    ['statement', '57014', 'ProcessInterrupts', 'a statement timeout, or a cancel by the user'],
    ['statement', '40P01', 'DeadLockReport', 'a deadlock'],
    ['node', '53300', 'InitProcess', 'too many connections'],
    ['node', '57P01', 'ProcessInterrupts', 'shut down by an administrator'],
    ['node', '57P02', 'quickdie', 'a crash'],
    ['node', '57P03', 'ProcessStartupPacket', 'starting up'],
    ['node', '57P05', 'ProcessInterrupts', 'an idle session timeout'],
    ['node', '08006', undefined, 'a connection failure'],
    ['node', '08P01', undefined, 'a broken protocol'],
  ])('%s: SQLSTATE %s of %s (%s)', (expected, code, routine) => {
    expect(failureOf(ofServer(code, routine))).toBe(expected)
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
