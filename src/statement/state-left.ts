import type { SessionState } from './session-state.ts'
import type { StatementReason } from './statement.ts'

const BY_REASON: Partial<Readonly<Record<StatementReason, SessionState>>> = {
  set: 'setting',
  prepare: 'prepared-statement',
  cursor: 'cursor',
  listen: 'listen',
  load: 'library',
  ddl: 'temporary-object',
  'select-into': 'temporary-object',
}

/** Returns the state that a statement with this reason leaves, for statements that leave state. */
export function stateLeftBy(reason: StatementReason): SessionState {
  return BY_REASON[reason] ?? 'unknown'
}
