import { textAt, type TreeNode } from './tree.ts'

/** Statements whose rules gather every name in them. */
const GATHERED: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'TruncateStmt',
  'RefreshMatViewStmt',
])

/** Statements that neither change nor show the contents of any relation. */
const WITHOUT_NAMES: ReadonlySet<string> = new Set(['DeallocateStmt', 'PrepareStmt', 'VariableShowStmt'])

/**
 * Prepared transactions may belong to other clients. The statements before a COMMIT have told what it commits.
 */
const OF_OWN_TRANSACTION: ReadonlySet<string> = new Set([
  'TRANS_STMT_BEGIN',
  'TRANS_STMT_START',
  'TRANS_STMT_COMMIT',
  'TRANS_STMT_ROLLBACK',
  'TRANS_STMT_SAVEPOINT',
  'TRANS_STMT_RELEASE',
  'TRANS_STMT_ROLLBACK_TO',
])

/** True where a statement touches only what the walk through its tree finds. For any other it is unknown. */
export function namesAll(tag: string, node: TreeNode): boolean {
  if (GATHERED.has(tag) || WITHOUT_NAMES.has(tag)) return true
  if (tag === 'TransactionStmt') return OF_OWN_TRANSACTION.has(textAt(node, 'kind'))
  // This setting changes how later texts are read.
  if (tag === 'VariableSetStmt') return textAt(node, 'name').toLowerCase() !== 'standard_conforming_strings'
  // A file of the server, or a program there.
  return tag === 'CopyStmt' && node['is_program'] !== true && node['filename'] === undefined
}
