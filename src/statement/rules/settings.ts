import { listAt, textAt } from '../tree.ts'
import { session, transaction } from '../verdict.ts'
import type { StatementRule, StatementRules } from '../walk.ts'
import { modeOf, modesOf } from './transaction.ts'

/** Settings that belong to the current transaction, however they are set. */
const transactionSettings: ReadonlySet<string> = new Set([
  'transaction_isolation',
  'transaction_read_only',
  'transaction_deferrable',
])

const set: StatementRule = (node) => {
  const name = textAt(node, 'name')
  const args = listAt(node, 'args')
  if (name === 'TRANSACTION' || name === 'TRANSACTION SNAPSHOT') {
    return transaction('set-transaction', { mayWrite: false, modes: modesOf(args) })
  }
  if (transactionSettings.has(name.toLowerCase())) {
    return transaction('set-transaction', { mayWrite: false, modes: modeOf(name.toLowerCase(), args[0]) })
  }
  return session('set', { leaves: node['is_local'] !== true })
}

export const settingStatements: StatementRules = {
  VariableSetStmt: set,
  // The value that SHOW returns was set for its session, or for its node.
  VariableShowStmt: () => session('show', { leaves: false }),
  // Making constraints immediate runs the triggers that waited.
  ConstraintsSetStmt: () => session('constraints', { leaves: false, mayWrite: true }),
}
