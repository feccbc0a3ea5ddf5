import type { QualifiedName } from '../../catalog/catalog.ts'
import type { Access } from '../../catalog/footprint.ts'
import { parseName } from '../../catalog/parse-name.ts'
import { useOf } from '../findings.ts'
import {
  constantOf,
  isNode,
  listAt,
  locationOf,
  nameOf,
  relationNameOf,
  textAt,
  unwrap,
  type TreeNode,
  type TreeValue,
} from '../tree.ts'
import type { NodeRule, NodeRules, Walk } from '../walk.ts'

/** `set_config(…, true)` is SET LOCAL. */
function endsWithTransaction({ schema, name }: QualifiedName, call: TreeNode): boolean {
  if (name !== 'set_config' || (schema !== undefined && schema !== 'pg_catalog')) return false
  const args = listAt(call, 'args')
  return args.length === 3 && constantOf(args[2]) === 'true'
}

const SEQUENCE_CHANGES: ReadonlySet<string> = new Set(['nextval', 'setval'])

/** The sequence that `nextval('name')` changes. */
function sequence({ schema }: QualifiedName, call: TreeNode, walk: Walk): void {
  if (schema !== undefined && schema !== 'pg_catalog') return
  const [first] = listAt(call, 'args')
  const text = constantOf(unwrap(first, 'TypeCast')?.['arg'] ?? first)
  const changed = text === undefined ? undefined : parseName(text)
  if (changed === undefined) walk.findings.isOpaque = true
  else walk.findings.addTarget(changed, 'set-sequence')
}

const functionCall: NodeRule = (node, walk) => {
  const name = nameOf(listAt(node, 'funcname'))
  const use = useOf(name, locationOf(node))
  const isLocal = endsWithTransaction(name, node)
  if (name.name === 'set_config' && !isLocal) walk.findings.settingCalls += 1
  walk.findings.functions.add(isLocal ? { ...use, endsWithTransaction: true } : use)
  if (SEQUENCE_CHANGES.has(name.name)) sequence(name, node, walk)
  walk.visit(node['args'])
  walk.visit(node['agg_order'])
  walk.visit(node['agg_filter'])
  walk.visit(node['over'])
}

export const relation: NodeRule = (node, walk) => {
  const name = relationNameOf(node)
  if (!walk.isBound(name)) walk.findings.relations.add(useOf(name, locationOf(node)))
}

/** A relation that is changed. The names that a WITH clause gives stand for none. */
export function target(
  range: TreeValue | undefined,
  access: Access,
  walk: Walk,
  columns?: readonly string[],
): void {
  if (isNode(range)) walk.findings.addTarget(relationNameOf(range), access, columns)
  else walk.findings.isOpaque = true
}

/** The target of a cast, or the type of a column that a function is said to return. */
export const typeName: NodeRule = (node, walk) => {
  walk.findings.types.add(useOf(nameOf(listAt(node, 'names')), locationOf(node)))
  walk.visit(node['typmods'])
}

/** Operators that syntax other than an operator stands for. */
const impliedOperators: Readonly<Record<string, readonly string[]>> = {
  AEXPR_BETWEEN: ['>=', '<='],
  AEXPR_NOT_BETWEEN: ['<', '>'],
  AEXPR_BETWEEN_SYM: ['>=', '<='],
  AEXPR_NOT_BETWEEN_SYM: ['<', '>'],
}

const expression: NodeRule = (node, walk) => {
  const at = locationOf(node)
  const implied = impliedOperators[textAt(node, 'kind')]
  if (implied === undefined) walk.findings.operators.add(useOf(nameOf(listAt(node, 'name')), at))
  else for (const name of implied) walk.findings.operators.add(useOf({ name }, at))
  walk.visit(node['lexpr'])
  walk.visit(node['rexpr'])
}

function equality(walk: Walk, node: TreeNode): void {
  walk.findings.operators.add(useOf({ name: '=' }, locationOf(node)))
}

const caseExpression: NodeRule = (node, walk) => {
  if (node['arg'] !== undefined) equality(walk, node)
  walk.visit(node)
}

const join: NodeRule = (node, walk) => {
  if (node['isNatural'] === true || node['usingClause'] !== undefined) equality(walk, node)
  walk.visit(node)
}

const sublink: NodeRule = (node, walk) => {
  const operator = listAt(node, 'operName')
  if (operator.length > 0) walk.findings.operators.add(useOf(nameOf(operator), locationOf(node)))
  else if (node['testexpr'] !== undefined) equality(walk, node)
  walk.visit(node['testexpr'])
  walk.visit(node['subselect'])
}

const sort: NodeRule = (node, walk) => {
  const operator = listAt(node, 'useOp')
  if (operator.length > 0) walk.findings.operators.add(useOf(nameOf(operator), locationOf(node)))
  walk.visit(node['node'])
}

/** PostgreSQL's own sampling methods, which are not called as functions. */
const samplingMethods: ReadonlySet<string> = new Set(['bernoulli', 'system'])

const sample: NodeRule = (node, walk) => {
  const method = nameOf(listAt(node, 'method'))
  const isBuiltin = method.schema === undefined || method.schema === 'pg_catalog'
  if (!isBuiltin || !samplingMethods.has(method.name)) {
    walk.findings.functions.add(useOf(method, locationOf(node)))
  }
  walk.visit(node['relation'])
  walk.visit(node['args'])
  walk.visit(node['repeatable'])
}

function attributes(fields: readonly TreeValue[], walk: Walk): void {
  for (const field of fields) {
    const name = unwrap(field, 'String')
    if (name !== undefined) walk.findings.attributes.add({ name: textAt(name, 'sval') })
  }
}

const column: NodeRule = (node, walk) => attributes(listAt(node, 'fields').slice(1), walk)

const indirection: NodeRule = (node, walk) => {
  attributes(listAt(node, 'indirection'), walk)
  walk.visit(node)
}

/** Nodes that use names which the catalog knows. */
export const nameRules: NodeRules = {
  A_Indirection: indirection,
  ColumnRef: column,
  FuncCall: functionCall,
  RangeVar: relation,
  TypeName: typeName,
  A_Expr: expression,
  CaseExpr: caseExpression,
  JoinExpr: join,
  SubLink: sublink,
  SortBy: sort,
  RangeTableSample: sample,
}
