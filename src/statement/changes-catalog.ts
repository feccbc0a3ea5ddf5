import type { Statement, StatementReason } from './statement.ts'

const REASONS: ReadonlySet<StatementReason> = new Set<StatementReason>(['ddl', 'select-into', 'do'])

/**
 * True when the statement may have changed functions or relations that others see, so that the catalog has to be looked
 * at. Procedures and functions may do so too, but are called all the time: what they change is found by the next regular
 * look.
 */
export function changesCatalog(statement: Statement): boolean {
  if (statement.multiple) return statement.mayWrite
  // Temporary objects stay with their connection.
  return REASONS.has(statement.reason) && !statement.leavesSessionState
}
