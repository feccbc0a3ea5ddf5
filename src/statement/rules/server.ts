import type { StatementReason } from '../statement.ts'
import { unknown, write } from '../verdict.ts'
import { target } from './names.ts'
import type { StatementRule, StatementRules } from '../walk.ts'

function plain(reason: StatementReason, text: string): StatementRule {
  return () => write(reason, { text })
}

const refresh: StatementRule = (node, walk) => {
  target(node['relation'], 'refresh', walk)
  return write('maintenance', { text: 'REFRESH MATERIALIZED VIEW' })
}

/** Statements that have an effect of their own, whatever they name. */
export const serverStatements: StatementRules = {
  CallStmt: () => unknown('call', { text: 'CALL' }),
  DoStmt: () => unknown('do', { text: 'DO' }),
  LockStmt: plain('lock-table', 'LOCK'),
  NotifyStmt: plain('notify', 'NOTIFY'),
  AlterSystemStmt: plain('server-command', 'ALTER SYSTEM'),
  CheckPointStmt: plain('server-command', 'CHECKPOINT'),
  ClusterStmt: plain('maintenance', 'CLUSTER'),
  RefreshMatViewStmt: refresh,
  ReindexStmt: plain('maintenance', 'REINDEX'),
  // ANALYZE is a vacuum without the vacuuming.
  VacuumStmt: (node) => write('maintenance', { text: node['is_vacuumcmd'] === true ? 'VACUUM' : 'ANALYZE' }),
}
