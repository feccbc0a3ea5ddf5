import type { QualifiedName } from '../catalog/catalog.ts'
import type { KeyCandidate, RequiredValue } from '../catalog/key.ts'
import {
  constantOf,
  isNode,
  listAt,
  locationOf,
  nameOf,
  nodeAt,
  relationNameOf,
  textAt,
  unwrap,
  type TreeNode,
  type TreeValue,
} from './tree.ts'

/**
 * Finds relations of which a statement touches only rows with certain values. It requires these values in the top-level
 * AND of its WHERE, or inserts them. Absent where there are none.
 *
 * @param isRepeated Whether the text names a relation more than once.
 */
export function keyCandidates(
  statement: TreeNode,
  sql: string,
  isRepeated: (relation: QualifiedName) => boolean,
): readonly KeyCandidate[] | undefined {
  for (const tag in statement) {
    const node = statement[tag]
    const find = FINDERS[tag]
    if (find === undefined || !isNode(node) || node['withClause'] !== undefined) return undefined
    const found = find(node, sql).filter((candidate) => !isRepeated(candidate))
    return found.length === 0 ? undefined : found
  }
  return undefined
}

type Finder = (node: TreeNode, sql: string) => readonly KeyCandidate[]

const NONE: readonly KeyCandidate[] = []

const FINDERS: Readonly<Record<string, Finder | undefined>> = {
  SelectStmt: (node, sql) => {
    const equalities = node['lockingClause'] === undefined ? equalitiesIn(node, sql) : []
    if (equalities.length === 0) return NONE
    const items = itemsIn(listAt(node, 'fromClause'))
    if (items === undefined) return NONE
    return items.flatMap((item) => requiredIn(item, equalities, items.length === 1, 'read') ?? NONE)
  },
  UpdateStmt: (node, sql) => {
    const changed = changedRows(node, 'update', 'fromClause', sql)
    if (changed === undefined) return NONE
    const assigned = listAt(node, 'targetList').map((item) => textAt(unwrap(item, 'ResTarget') ?? {}, 'name'))
    return [{ ...changed, assigned }]
  },
  DeleteStmt: (node, sql) => {
    const changed = changedRows(node, 'delete', 'usingClause', sql)
    return changed === undefined ? NONE : [changed]
  },
  InsertStmt: (node, sql) => {
    const relation = nodeAt(node, 'relation')
    const isPlain =
      textAt(node, 'override') === 'OVERRIDING_NOT_SET' && node['onConflictClause'] === undefined
    const values = isPlain ? insertedValues(node, sql) : undefined
    if (values === undefined || relation === undefined) return NONE
    return [{ ...relationNameOf(relation), access: 'insert', values }]
  },
}

function changedRows(
  node: TreeNode,
  access: 'update' | 'delete',
  from: string,
  sql: string,
): KeyCandidate | undefined {
  const equalities = equalitiesIn(node, sql)
  const target = nodeAt(node, 'relation')
  if (equalities.length === 0 || target === undefined) return undefined
  const others = itemsIn(listAt(node, from))
  return others && requiredIn(itemOf(target), equalities, others.length === 0, access)
}

/** By the names of columns, or their positions where none are named. */
function insertedValues(node: TreeNode, sql: string): KeyCandidate['values'] | undefined {
  const source = unwrap(node['selectStmt'], 'SelectStmt')
  if (source === undefined || source['withClause'] !== undefined) return undefined
  const [row, ...others] = listAt(source, 'valuesLists')
  if (row === undefined || others.length > 0) return undefined
  const columns = listAt(node, 'cols')
  const values = new Map<string | number, RequiredValue>()
  for (const [index, item] of listAt(unwrap(row, 'List') ?? {}, 'items').entries()) {
    const value = valueOf(item, sql)
    const column = columns.length === 0 ? index + 1 : columnOf(columns[index])
    if (value !== undefined && column !== undefined) values.set(column, value)
  }
  return values.size === 0 ? undefined : values
}

/** Undefined for a part of a column. */
function columnOf(item: TreeValue | undefined): string | undefined {
  const target = unwrap(item, 'ResTarget')
  return target === undefined || target['indirection'] !== undefined ? undefined : textAt(target, 'name')
}

/** An item of a FROM list. Without a name where it is no relation, or its columns have other names. */
interface Item {
  readonly alias?: string
  readonly name?: QualifiedName
}

/** Undefined where a join may add rows of NULLs for a relation, or where the alias of a join hides it. */
function itemsIn(from: readonly TreeValue[]): readonly Item[] | undefined {
  const items: Item[] = []
  return addItems(from, items) ? items : undefined
}

function addItems(from: readonly (TreeValue | undefined)[], items: Item[]): boolean {
  return from.every((value) => {
    const join = unwrap(value, 'JoinExpr')
    if (join !== undefined) {
      const isPlain = textAt(join, 'jointype') === 'JOIN_INNER' && join['alias'] === undefined
      return isPlain && addItems([join['larg'], join['rarg']], items)
    }
    const range = unwrap(value, 'RangeVar')
    items.push(range === undefined ? {} : itemOf(range))
    return true
  })
}

function itemOf(range: TreeNode): Item {
  const name = relationNameOf(range)
  const alias = nodeAt(range, 'alias')
  if (alias === undefined) return { alias: name.name, name }
  return alias['colnames'] === undefined ? { alias: textAt(alias, 'aliasname'), name } : {}
}

/** A condition that a column is equal to a value. The qualifier of the column is its schema here. */
interface Equality {
  readonly column: QualifiedName
  readonly value: RequiredValue
}

/** The candidate that an item is by what WHERE requires of it. */
function requiredIn(
  { alias, name }: Item,
  equalities: readonly Equality[],
  isAlone: boolean,
  access: KeyCandidate['access'],
): KeyCandidate | undefined {
  if (name === undefined) return undefined
  const values = new Map<string, RequiredValue>()
  for (const { column, value } of equalities) {
    const isOwn = column.schema === undefined ? isAlone : column.schema === alias
    if (isOwn && !values.has(column.name)) values.set(column.name, value)
  }
  return values.size === 0 ? undefined : { ...name, access, values }
}

/** All equalities that WHERE and its top-level AND require. */
function equalitiesIn(node: TreeNode, sql: string): readonly Equality[] {
  const found: Equality[] = []
  addEqualities(node['whereClause'], sql, found)
  return found
}

function addEqualities(condition: TreeValue | undefined, sql: string, found: Equality[]): void {
  const all = unwrap(condition, 'BoolExpr')
  if (all !== undefined) {
    if (textAt(all, 'boolop') !== 'AND_EXPR') return
    for (const each of listAt(all, 'args')) addEqualities(each, sql, found)
    return
  }
  const comparison = unwrap(condition, 'A_Expr')
  if (comparison === undefined || textAt(comparison, 'kind') !== 'AEXPR_OP') return
  const operator = listAt(comparison, 'name')
  if (operator.length !== 1 || nameOf(operator).name !== '=') return
  addEquality(comparison['lexpr'], comparison['rexpr'], sql, found)
  addEquality(comparison['rexpr'], comparison['lexpr'], sql, found)
}

function addEquality(
  left: TreeValue | undefined,
  right: TreeValue | undefined,
  sql: string,
  found: Equality[],
): void {
  const reference = unwrap(left, 'ColumnRef')
  if (reference === undefined) return
  const fields = listAt(reference, 'fields')
  if (fields.length > 2 || unwrap(fields.at(-1), 'String') === undefined) return
  const value = valueOf(right, sql)
  if (value !== undefined) found.push({ column: nameOf(fields), value })
}

/** The value of a constant, or of a parameter that the text uses nowhere else, where its type may come from. */
function valueOf(value: TreeValue | undefined, sql: string): RequiredValue | undefined {
  const parameter = unwrap(value, 'ParamRef')?.['number']
  if (typeof parameter === 'number') return occursOnce(parameter, sql) ? { parameter } : undefined
  const constant = unwrap(value, 'A_Const')
  if (constant === undefined || constant['boolval'] !== undefined) return undefined
  const literal = constantOf(value)
  if (literal === undefined) return undefined
  const isNumber = constant['sval'] === undefined
  const position = locationOf(constant)
  return position === undefined ? { literal, isNumber } : { literal, isNumber, position }
}

/** Whether a parameter occurs once in a text. Those in comments and strings count, too. */
function occursOnce(parameter: number, sql: string): boolean {
  let count = 0
  for (let at = sql.indexOf('$'); at !== -1; at = sql.indexOf('$', at + 1)) {
    let number = 0
    for (let next = at + 1; next < sql.length; next++) {
      const digit = sql.charCodeAt(next) - ZERO
      if (digit < 0 || digit > 9) break
      number = number * 10 + digit
    }
    if (number === parameter) count += 1
  }
  return count === 1
}

const ZERO = 48
