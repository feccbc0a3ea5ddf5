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

/** Forms that wait for others, or hear of them: whoever runs one expects to see what they have committed by then. */
const SYNCHRONIZES =
  /\badvisory_|_advisory_|\block\b|\bfor\s+(?:no\s+key\s+|key\s+)?(?:update|share)\b|\blisten\b/i

/** Reasons of statements that are not looked through for such forms: they mark their session as writes. */
const PLAIN_WRITES: ReadonlySet<StatementReason> = new Set(['data-modifying', 'copy-from', 'ddl'])

/** Whether its answer may show what others have committed. COMMIT and the like are told by what they commit. */
export function showsData({ kind, multiple, reason, settings }: Statement): boolean {
  if (multiple) return true
  return kind !== 'transaction' && settings === undefined && !SHOWS_NOTHING.has(reason)
}

/** Whether a statement that is no proven read takes a lock, or listens. What functions do inside is not seen. */
export function synchronizes({ kind, multiple, reason }: Statement, sql: string | undefined): boolean {
  if (reason === 'row-lock' || reason === 'lock-table' || reason === 'listen') return true
  if (sql === undefined || (!multiple && (kind === 'transaction' || PLAIN_WRITES.has(reason)))) return false
  return SYNCHRONIZES.test(sql)
}
