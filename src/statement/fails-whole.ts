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

/** True when an error of the server means that the statement, outside of a transaction, has done nothing at all. */
export function failsWhole({ kind, multiple, reason }: Statement): boolean {
  return kind === 'write' && !multiple && !MAY_COMMIT_PARTLY.has(reason)
}
