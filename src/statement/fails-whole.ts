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

/** They run no code. DDL may: the query of a new table, the expressions of an index, event triggers. */
const WITHOUT_CODE: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'lock-table',
  'notify',
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
  return multiple || (kind !== 'transaction' && !WITHOUT_CODE.has(reason))
}
