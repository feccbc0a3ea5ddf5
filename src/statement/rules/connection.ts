import { session, strictest } from '../verdict.ts'
import type { StatementRule, StatementRules } from '../walk.ts'

/** `CURSOR_OPT_HOLD` of PostgreSQL's `parsenodes.h`. */
const HOLD = 0x0020

/** Without HOLD the cursor ends with its transaction. */
const declareCursor: StatementRule = (node, walk) =>
  strictest(session('cursor', { leaves: (Number(node['options']) & HOLD) !== 0 }), walk.judge(node['query']))

/** Statements that leave state on their connection, or that work on what others left there. */
export const connectionStatements: StatementRules = {
  PrepareStmt: () => session('prepare', { leaves: true }),
  // The prepared statement may be of any kind.
  ExecuteStmt: () => session('execute', { leaves: true, mayWrite: true }),
  DeallocateStmt: () => session('deallocate', { leaves: false }),
  DeclareCursorStmt: declareCursor,
  // A cursor runs its query while it is read.
  FetchStmt: () => session('cursor', { leaves: false, mayWrite: true }),
  ClosePortalStmt: () => session('cursor', { leaves: false }),
  ListenStmt: () => session('listen', { leaves: true }),
  UnlistenStmt: () => session('listen', { leaves: false }),
  DiscardStmt: () => session('discard', { leaves: false }),
  LoadStmt: () => session('load', { leaves: true }),
}
