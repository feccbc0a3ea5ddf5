import { isNode, listAt, nameOf, nodeAt, textAt, unwrap, type TreeNode, type TreeValue } from '../tree.ts'
import {
  COMMON_ARGUMENTS,
  PLAIN_RESULT_FUNCTIONS,
  PLAIN_RESULT_OPERATORS,
  PLAIN_TYPES,
  SAME_RESULT_FUNCTIONS,
  SAME_TYPE_OPERATORS,
  TEXT_ARGUMENTS,
  TEXT_OPERATORS,
  TEXT_RIGHT_OPERATORS,
} from './tables.ts'
import type { Kind, Look, LookRule } from './look.ts'

const constant: LookRule = (node, look) => {
  if (node['isnull'] === true) return 'null'
  if (isNode(node['sval'])) return 'literal'
  if (node['bsval'] === undefined) return 'plain'
  look.refuse('literal-type')
  return 'other'
}

const column: LookRule = (node) => {
  const last = unwrap(listAt(node, 'fields').at(-1), 'String')
  return last === undefined ? 'other' : { column: textAt(last, 'sval') }
}

const cast: LookRule = (node, look) => {
  const type = nodeAt(node, 'typeName') ?? {}
  const { schema, name } = nameOf(listAt(type, 'names'))
  const isArray = listAt(type, 'arrayBounds').length > 0
  const isOwn = schema === undefined || schema === 'pg_catalog'
  const isPlainType = isOwn && PLAIN_TYPES.has(name)
  const value = node['arg']
  if (unwrap(value, 'ParamRef') === undefined) look.needType(name)
  const elements = unwrap(value, 'A_ArrayExpr')
  if (elements !== undefined) {
    // Each element is cast, and not the array that they would make.
    const kinds = arrayElements(elements).map((element) => look.kindOf(element))
    if (!isPlainType && kinds.includes('literal')) look.refuse('literal-type')
    return 'other'
  }
  const kind = look.kindOf(value)
  const isConstant = unwrap(value, 'A_Const') !== undefined && kind !== 'null'
  if ((kind === 'literal' || isConstant) && (!isPlainType || isArray)) look.refuse('literal-type')
  return isPlainType && !isArray ? 'plain' : 'other'
}

/** All of them, those of arrays within arrays too. */
function arrayElements(array: TreeNode): readonly TreeValue[] {
  return listAt(array, 'elements').flatMap((element) => {
    const inner = unwrap(element, 'A_ArrayExpr')
    return inner === undefined ? [element] : arrayElements(inner)
  })
}

const array: LookRule = (node, look) => {
  look.common(arrayElements(node))
  return 'other'
}

/** Expressions with a list of operands on the right. */
const ofLists: ReadonlySet<string> = new Set([
  'AEXPR_IN',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
])

const expression: LookRule = (node, look) => {
  const kind = textAt(node, 'kind')
  const { lexpr, rexpr } = node
  if (ofLists.has(kind)) {
    for (const each of kind === 'AEXPR_IN' ? ['=', '<>'] : ['<', '<=', '>', '>=']) look.needOperator(each)
    const list = unwrap(rexpr, 'List')
    look.common([lexpr ?? null, ...(list === undefined ? [rexpr ?? null] : listAt(list, 'items'))])
    return 'plain'
  }
  if (kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL') {
    look.inspect(lexpr)
    look.inspect(rexpr)
    return 'plain'
  }
  const found = operation(nameOf(listAt(node, 'name')).name, look, lexpr, rexpr)
  return kind === 'AEXPR_NULLIF' ? 'other' : found
}

function operation(
  name: string,
  look: Look,
  lexpr: TreeValue | undefined,
  rexpr: TreeValue | undefined,
): Kind {
  const left = lexpr === undefined ? 'null' : look.kindOf(lexpr)
  const right = look.kindOf(rexpr)
  const isConstant = [left, right].every((kind) => kind === 'literal' || kind === 'null' || kind === 'plain')
  if (isConstant || left === 'literal' || right === 'literal') look.needOperator(name)
  if (!isTyped(name, left, right, look)) look.refuse('literal-unproven')
  if (PLAIN_RESULT_OPERATORS.has(name)) {
    look.needOperator(name)
    return 'plain'
  }
  if (!SAME_TYPE_OPERATORS.has(name)) return 'other'
  return [left, right].every((kind) => kind === 'literal' || kind === 'plain') ? 'plain' : 'other'
}

/** Whether each literal among the operands is given a plain type. */
function isTyped(name: string, left: Kind, right: Kind, look: Look): boolean {
  if (left !== 'literal' && right !== 'literal') return true
  if (right === 'literal' && left !== 'literal' && TEXT_RIGHT_OPERATORS.has(name)) return true
  const other = left === 'literal' ? right : left
  if (other === 'literal' || other === 'null') return TEXT_OPERATORS.has(name)
  return SAME_TYPE_OPERATORS.has(name) && look.isPlain(other)
}

const call: LookRule = (node, look) => {
  const { schema, name } = nameOf(listAt(node, 'funcname'))
  const isOwn = schema === undefined || schema === 'pg_catalog'
  const texts = isOwn ? TEXT_ARGUMENTS[name] : undefined
  const given = listAt(node, 'args')
  const kinds = given.map((argument) => look.kindOf(argument))
  const isCommon = isOwn && COMMON_ARGUMENTS.has(name)
  if (isCommon) look.common(given)
  for (const [position, kind] of kinds.entries()) {
    if (kind !== 'literal') continue
    look.needFunction(name)
    if (!isCommon && texts !== 'all' && texts?.includes(position) !== true) look.refuse('literal-unproven')
  }
  for (const field of ['agg_order', 'agg_filter', 'over'] as const) look.inspect(node[field])
  if (!isOwn) return 'other'
  const [first] = kinds
  const isPlain =
    PLAIN_RESULT_FUNCTIONS.has(name) ||
    (SAME_RESULT_FUNCTIONS.has(name) && first !== undefined && (first === 'literal' || look.isPlain(first)))
  if (isPlain) look.needFunction(name)
  return isPlain ? 'plain' : 'other'
}

const condition: LookRule = (node, look) => {
  // A literal here is a boolean.
  for (const argument of listAt(node, 'args')) look.kindOf(argument)
  return 'plain'
}

const choice: LookRule = (node, look) => {
  const whens = listAt(node, 'args').map((item) => unwrap(item, 'CaseWhen') ?? {})
  const tests = whens.map((when) => when['expr'] ?? null)
  if (node['arg'] === undefined) for (const test of tests) look.kindOf(test)
  else {
    look.needOperator('=')
    look.common([node['arg'], ...tests])
  }
  const results = whens.map((when) => when['result'] ?? null)
  return look.common(node['defresult'] === undefined ? results : [...results, node['defresult']])
}

const target: LookRule = (node, look) => {
  const name = textAt(node, 'name')
  if (name === '') giveImplied(node['val'], look)
  else look.give(name)
  // A literal that is a column of its own is a text.
  if (look.kindOf(node['val']) === 'literal' && look.isBranch) look.refuse('literal-unproven')
  return 'other'
}

/** The name that PostgreSQL gives to a column that has none: of a function or a type. */
function giveImplied(value: TreeValue | undefined, look: Look): void {
  const called = unwrap(value, 'FuncCall')
  if (called !== undefined) return look.give(nameOf(listAt(called, 'funcname')).name)
  const made = unwrap(value, 'TypeCast')
  if (made === undefined) return
  look.give(nameOf(listAt(nodeAt(made, 'typeName') ?? {}, 'names')).name)
  giveImplied(made['arg'], look)
}

const select: LookRule = (node, look) => {
  // Its columns are named by the first branch, and typed by all of them.
  if (nodeAt(node, 'larg') !== undefined) look.noteOtherColumns()
  for (const field of ['larg', 'rarg'] as const) {
    const branch = nodeAt(node, field)
    if (branch !== undefined) look.within(true, () => select(branch, look))
  }
  for (const field in node) {
    const value = node[field]
    if (field === 'larg' || field === 'rarg') continue
    if (field === 'limitCount' || field === 'limitOffset') look.kindOf(value)
    else if (field === 'targetList') look.inspect(value)
    // Expressions in other clauses are no columns of this branch.
    else if (field === 'whereClause' || field === 'havingClause') look.within(false, () => look.kindOf(value))
    else look.within(false, () => look.inspect(value))
  }
  return 'other'
}

const commonTable: LookRule = (node, look) => {
  for (const item of listAt(node, 'aliascolnames')) look.give(textAt(unwrap(item, 'String') ?? {}, 'sval'))
  look.within(false, () => look.inspect(node['ctequery']))
  return 'other'
}

const sublink: LookRule = (node, look) => {
  look.inspect(node['testexpr'])
  look.within(false, () => look.inspect(node['subselect']))
  return 'other'
}

/** A field of a composite value, which may be a function's result, or an element of an array. */
const indirection: LookRule = (node, look) => {
  look.inspect(node['arg'])
  for (const item of listAt(node, 'indirection')) {
    const field = unwrap(item, 'String')
    if (field !== undefined) look.give(textAt(field, 'sval'))
    else if (unwrap(item, 'A_Star') !== undefined) look.noteOtherColumns()
    else look.inspect(item)
  }
  return 'other'
}

const rangeFunction: LookRule = (node, look) => {
  look.noteOtherColumns()
  look.inspect(node['functions'])
  return 'other'
}

/** Rules for what gives literals a type, or names to columns. All other nodes give none. */
export const rules: Readonly<Record<string, LookRule | undefined>> = {
  A_Const: constant,
  A_ArrayExpr: array,
  A_Expr: expression,
  A_Indirection: indirection,
  BoolExpr: condition,
  CaseExpr: choice,
  CoalesceExpr: (node, look) => look.common(listAt(node, 'args')),
  ColumnRef: column,
  CommonTableExpr: commonTable,
  FuncCall: call,
  MinMaxExpr: (node, look) => look.common(listAt(node, 'args')),
  RangeFunction: rangeFunction,
  ResTarget: target,
  SelectStmt: select,
  SubLink: sublink,
  TypeCast: cast,
}
