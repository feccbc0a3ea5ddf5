import { constantOf, isNode, listAt, textAt, unwrap, type TreeNode, type TreeValue } from '../tree.ts'
import { read, session } from '../verdict.ts'
import type { StatementRule, StatementRules } from '../walk.ts'
import { booleanOf } from './transaction.ts'

/** True unless it is certain that the statement is only planned. The last of several options wins. */
function executes(node: TreeNode): boolean {
  let analyze = false
  for (const item of listAt(node, 'options')) {
    const option = unwrap(item, 'DefElem')
    if (option === undefined || textAt(option, 'defname').toLowerCase() !== 'analyze') continue
    analyze = option['arg'] === undefined || booleanOf(constantOf(option['arg']) ?? '') !== false
  }
  return analyze
}

/** Labelled stable, so the planner calls them to estimate with, and yet they assign a transaction ID. */
const calledByPlanner: ReadonlySet<string> = new Set(['pg_current_xact_id', 'txid_current'])

/** The query whose plan is shown. */
function plannedQuery(query: TreeValue | undefined): TreeValue | undefined {
  const wrapper = unwrap(query, 'CreateTableAsStmt') ?? unwrap(query, 'DeclareCursorStmt')
  return wrapper === undefined ? query : wrapper['query']
}

/** Planning calls no volatile function, locks no row and changes nothing, whatever the statement is. */
const plan: StatementRule = (node, walk) => {
  const query = plannedQuery(node['query'])
  // What is planned was prepared on this connection.
  if (isNode(query) && query['ExecuteStmt'] !== undefined) return session('execute', { leaves: false })
  const { findings } = walk
  const planned = walk.aside(() => walk.visit(query))
  for (const use of planned.relations.uses()) findings.relations.add(use)
  for (const use of planned.types.uses()) findings.types.add(use)
  for (const use of planned.functions.uses()) if (calledByPlanner.has(use.name)) findings.functions.add(use)
  return read('explain')
}

const explain: StatementRule = (node, walk) => {
  if (!executes(node)) return plan(node, walk)
  const verdict = walk.judge(node['query'])
  return verdict.kind === 'read' ? read('explain') : verdict
}

export const explainStatements: StatementRules = { ExplainStmt: explain }
