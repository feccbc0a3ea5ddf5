import type { Statement, StatementReason } from './statement.ts'

/** Statements that commit on their way, or may. */
const MAY_COMMIT_PARTLY: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'call',
  'do',
  'ddl', // CREATE INDEX CONCURRENTLY leaves an invalid index
  'maintenance',
  'server-command',
  'unknown-statement',
  'unparseable',
  'too-large',
  'too-deep',
  'non-standard-strings',
])

/** Their form tells all that they do: what they change is undone with their transaction. */
const UNDONE: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'ddl',
  'lock-table',
  'maintenance',
  'notify',
  'select-into',
  'server-command',
])

/** True when an error of the server means that the statement, outside of a transaction, has done nothing at all. */
export function failsWhole(statement: Statement): boolean {
  const { kind, multiple, reason } = statement
  return kind === 'write' && !multiple && !MAY_COMMIT_PARTLY.has(reason) && !mayCommitApart(statement)
}

/**
 * Whether something that a statement changes may stay although its transaction is rolled back. Code that cannot be
 * looked into may write over a connection of its own, as functions of dblink do.
 */
export function mayCommitApart({ footprint, kind, mayWrite, multiple, reason }: Statement): boolean {
  if (!mayWrite || footprint.changes !== 'everything') return false
  return multiple || (kind !== 'transaction' && !UNDONE.has(reason))
}
