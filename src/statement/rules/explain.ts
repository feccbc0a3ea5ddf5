import { builtinFunction } from '../../catalog/builtin-functions.ts'
import type { NameUse } from '../parser.ts'
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

/** Labelled stable or immutable, so the planner may call them; and yet they write, or run what they are given. */
const calledByPlanner: ReadonlySet<string> = new Set([
  'database_to_xml',
  'database_to_xml_and_xmlschema',
  'pg_current_xact_id',
  'pg_input_error_info',
  'pg_input_is_valid',
  'pg_replication_origin_oid',
  'pg_walfile_name',
  'pg_walfile_name_offset',
  'schema_to_xml',
  'schema_to_xml_and_xmlschema',
  'table_to_xml',
  'table_to_xml_and_xmlschema',
  'txid_current',
])

/** Of a user's function the label is not known here; the planner calls it, or looks into it, if the label allows. */
function mayBeCalledByPlanner(use: NameUse): boolean {
  return calledByPlanner.has(use.name) || builtinFunction(use) === undefined
}

/** The query whose plan is shown. */
function plannedQuery(query: TreeValue | undefined): TreeValue | undefined {
  const wrapper = unwrap(query, 'CreateTableAsStmt') ?? unwrap(query, 'DeclareCursorStmt')
  return wrapper === undefined ? query : wrapper['query']
}

/**
 * Planning calls no function that is labelled volatile, locks no row and changes nothing, whatever the statement is.
 */
const plan: StatementRule = (node, walk) => {
  const query = plannedQuery(node['query'])
  // The planned statement was prepared on this connection.
  if (isNode(query) && query['ExecuteStmt'] !== undefined) return session('execute', { leaves: false })
  const { findings } = walk
  const planned = walk.aside(() => walk.visit(query))
  for (const use of planned.relations.uses()) findings.relations.add(use)
  for (const use of planned.types.uses()) findings.types.add(use)
  for (const use of planned.attributes.uses()) findings.attributes.add(use)
  for (const use of planned.operators.uses()) findings.operators.add(use)
  for (const use of planned.functions.uses()) if (mayBeCalledByPlanner(use)) findings.functions.add(use)
  return read('explain')
}

const explain: StatementRule = (node, walk) => {
  if (!executes(node)) return plan(node, walk)
  const verdict = walk.judge(node['query'])
  return verdict.kind === 'read' ? read('explain') : verdict
}

export const explainStatements: StatementRules = { ExplainStmt: explain }
