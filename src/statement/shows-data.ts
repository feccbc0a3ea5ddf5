import type { Statement, StatementReason } from './statement.ts'

/** Statements that answer nothing of what others have committed. */
const SHOWS_NOTHING: ReadonlySet<StatementReason> = new Set([
  'set',
  'show',
  'load',
  'prepare',
  'deallocate',
  'discard',
])

/** Reasons of statements of which the form alone counts: they mark their session as writes. */
const PLAIN_WRITES: ReadonlySet<StatementReason> = new Set(['data-modifying', 'copy-from', 'ddl'])

/** Whether its answer may show what others have committed. COMMIT and similar are told by what they commit. */
export function showsData({ kind, multiple, reason, settings }: Statement): boolean {
  if (multiple) return true
  return kind !== 'transaction' && settings === undefined && !SHOWS_NOTHING.has(reason)
}

/**
 * Whether a statement that is no proven read takes a lock, or listens. The bodies of functions are not examined.
 */
export function synchronizes({ kind, mentions, multiple, reason }: Statement): boolean {
  if (reason === 'row-lock' || reason === 'lock-table' || reason === 'listen') return true
  if (!multiple && (kind === 'transaction' || PLAIN_WRITES.has(reason))) return false
  return mentions?.includes('lock') === true
}
