import type { Statement, StatementReason } from './statement.ts'

/**
 * True for a text that opens a read-only transaction which a standby can carry. Serializable transactions need the
 * primary; where the text names no isolation level, the connection's default decides.
 */
export function opensOnStandby({ kind, reason, modes, multiple }: Statement): boolean {
  if (kind !== 'transaction' || reason !== 'begin' || multiple) return false
  return modes?.accessMode === 'read only' && modes.isolation !== 'serializable'
}

/** Touch nothing but what ends with the transaction, and do on a standby what they do on the primary. */
const OF_TRANSACTION: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'cursor',
  'function-setting',
  'set',
  'show',
])

/** Every server refuses these in a read-only transaction, in the same words, before it runs any of them. */
const REFUSED_ANYWHERE: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'data-modifying',
  'data-modifying-cte',
  'ddl',
  'row-lock',
  'select-into',
])

/**
 * True for a statement that a transaction on a standby may run: a proven read, control of the transaction, state that ends
 * with it, and what the primary would refuse as well. A standby would take others silently, an advisory lock say, and they would not mean there what they mean
 * on the primary.
 */
export function runsOnStandby(statement: Statement): boolean {
  const { kind, leavesSessionState, modes, multiple, reason } = statement
  if (kind === 'read') return true
  if (multiple) return false
  if (REFUSED_ANYWHERE.has(reason)) return true
  if (kind === 'session') return OF_TRANSACTION.has(reason) && !leavesSessionState
  if (kind !== 'transaction' || reason === 'two-phase') return false
  return modes?.accessMode !== 'read write' && modes?.isolation !== 'serializable'
}
