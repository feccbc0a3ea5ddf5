import { makesSameSettings, makesSettings, mayShowNode } from './local-settings.ts'
import type { Statement, StatementReason } from './statement.ts'

/**
 * True for a text that opens a read-only transaction which a standby can carry. Serializable transactions need the
 * primary; where the text names no isolation level, the connection's default decides.
 */
export function opensOnStandby(statement: Statement): boolean {
  return beginsOnStandby(statement) && isReadOnly(statement)
}

/**
 * True for a text that opens a transaction which may write, but can begin on a standby if it leaves that before it
 * writes.
 */
export function opensOptimistically(statement: Statement): boolean {
  return beginsOnStandby(statement) && statement.modes?.accessMode === undefined
}

/** Whether the text that opens a transaction says that it only reads. */
export function isReadOnly({ modes }: Statement): boolean {
  return modes?.accessMode === 'read only'
}

function beginsOnStandby({ kind, reason, modes, multiple }: Statement): boolean {
  if (kind !== 'transaction' || reason !== 'begin' || multiple) return false
  return modes?.isolation !== 'serializable'
}

/** Touch only what ends with the transaction, and do the same on a standby as on the primary. */
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
 * Whether a transaction on a standby may run the statement there. True for a proven read, control of the transaction,
 * settings that end with it, and what the primary would refuse as well. A standby would accept others that have another
 * meaning there, such as an advisory lock.
 * @param onlyReads False for a transaction that may write on the primary
 */
export function runsOnStandby(
  statement: Statement,
  text: string,
  values: readonly unknown[],
  onlyReads: boolean,
): boolean {
  const { kind, leavesSessionState, multiple, reason } = statement
  if (kind === 'read') return true
  if (multiple) return false
  // Rows that a cursor has shown cannot be compared.
  if (!onlyReads && (REFUSED_ANYWHERE.has(reason) || reason === 'cursor')) return false
  if (REFUSED_ANYWHERE.has(reason)) return true
  if (kind === 'transaction') return reason !== 'two-phase' && isOfStandby(statement)
  if (kind !== 'session' || leavesSessionState || !OF_TRANSACTION.has(reason)) return false
  if (reason !== 'show' && reason !== 'function-setting') return true
  const namesModes = OF_TRANSACTION_MODES.test(`${text} ${values.join(' ')}`)
  if (reason === 'function-setting' && makesSettings(text)) return makesSameSettings(text) && !namesModes
  // On a standby every transaction is read-only.
  return !mayShowNode(text, values) && (onlyReads || !namesModes)
}

/** Modes of the current transaction, which `set_config` may change too. */
const OF_TRANSACTION_MODES = /transaction_(isolation|read_only|deferrable)/i

/** Whether a standby has transactions with these modes. A shared snapshot or a default is none that is known. */
function isOfStandby({ modes, reason }: Statement): boolean {
  if (reason === 'set-transaction' && Object.keys(modes ?? {}).length === 0) return false
  return modes?.accessMode !== 'read write' && modes?.isolation !== 'serializable'
}
