import type { KeyCandidate, RequiredValue } from '../catalog/key.ts'
import type { QualifiedName } from '../catalog/catalog.ts'
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

/** A text in which candidates are looked for. */
interface Source {
  readonly sql: string
  /** Whether it names a relation more than once. */
  readonly isRepeated: (relation: QualifiedName) => boolean
}

/** An item of a FROM list. Without a name where it is no relation. */
interface Item {
  readonly alias?: string
  readonly name?: QualifiedName
}

/**
 * Finds relations of which a statement touches only rows with certain values: those that it requires them to have in the
 * top-level AND of its WHERE, or inserts. Absent where there are none.
 */
export function keyCandidates(
  statement: TreeValue | undefined,
  source: Source,
): readonly KeyCandidate[] | undefined {
  if (!isNode(statement)) return undefined
  for (const tag in statement) {
    const node = statement[tag]
    const found = isNode(node) && node['withClause'] === undefined ? FINDERS[tag]?.(node) : undefined
    const certain = found?.flatMap((each) => certainOf(each, source) ?? [])
    return certain === undefined || certain.length === 0 ? undefined : certain
  }
  return undefined
}

type Finder = (node: TreeNode) => readonly KeyCandidate[] | undefined

const FINDERS: Readonly<Record<string, Finder | undefined>> = {
  SelectStmt: (node) => {
    if (node['lockingClause'] !== undefined) return undefined
    const items = itemsIn(listAt(node, 'fromClause'))
    return items && requiredIn(node, items, items, 'read')
  },
  UpdateStmt: (node) => changedRows(node, 'update', 'fromClause'),
  DeleteStmt: (node) => changedRows(node, 'delete', 'usingClause'),
  InsertStmt: insertedRow,
}

function changedRows(node: TreeNode, access: 'update' | 'delete', from: string): ReturnType<Finder> {
  const changed = nodeAt(node, 'relation')
  const target = changed && itemOf(changed)
  const others = itemsIn(listAt(node, from))
  if (target === undefined || others === undefined) return undefined
  const found = requiredIn(node, [target], [target, ...others], access)
  if (access === 'delete') return found
  const assigned = listAt(node, 'targetList').map((item) => textAt(unwrap(item, 'ResTarget') ?? {}, 'name'))
  return found.map((each) => ({ ...each, assigned }))
}

function insertedRow(node: TreeNode): ReturnType<Finder> {
  const relation = nodeAt(node, 'relation')
  const isPlain = textAt(node, 'override') === 'OVERRIDING_NOT_SET' && node['onConflictClause'] === undefined
  const source = unwrap(node['selectStmt'], 'SelectStmt')
  if (relation === undefined || source === undefined || !isPlain) return undefined
  const rows = listAt(source, 'valuesLists')
  if (rows.length !== 1 || source['withClause'] !== undefined) return undefined
  const columns = listAt(node, 'cols').map((item) => unwrap(item, 'ResTarget') ?? {})
  const values = new Map<string | number, RequiredValue>()
  for (const [index, item] of listAt(unwrap(rows[0], 'List') ?? {}, 'items').entries()) {
    const value = valueOf(item)
    const column = columns.length === 0 ? index + 1 : columnOf(columns[index])
    if (value !== undefined && column !== undefined) values.set(column, value)
  }
  return values.size === 0 ? undefined : [{ ...relationNameOf(relation), access: 'insert', values }]
}

/** Undefined for a part of a column. */
function columnOf(target: TreeNode | undefined): string | undefined {
  return target === undefined || target['indirection'] !== undefined ? undefined : textAt(target, 'name')
}

/** Undefined where a relation may be on the side of an outer join that has no row, or hidden by the alias of a join. */
function itemsIn(from: readonly TreeValue[]): readonly Item[] | undefined {
  const items: Item[] = []
  for (const value of from) {
    const join = unwrap(value, 'JoinExpr')
    if (join === undefined) {
      items.push(itemOf(unwrap(value, 'RangeVar')))
      continue
    }
    if (textAt(join, 'jointype') !== 'JOIN_INNER' || join['alias'] !== undefined) return undefined
    const sides = itemsIn([join['larg'] ?? null, join['rarg'] ?? null])
    if (sides === undefined) return undefined
    items.push(...sides)
  }
  return items
}

/** An alias may give its columns other names. */
function itemOf(range: TreeNode | undefined): Item {
  if (range === undefined) return {}
  const name = relationNameOf(range)
  const alias = nodeAt(range, 'alias')
  if (alias === undefined) return { alias: name.name, name }
  return alias['colnames'] === undefined ? { alias: textAt(alias, 'aliasname'), name } : {}
}

/** Candidates among the items by the values that the statement's WHERE requires. */
function requiredIn(
  node: TreeNode,
  items: readonly Item[],
  all: readonly Item[],
  access: KeyCandidate['access'],
): readonly KeyCandidate[] {
  const equalities: (readonly [column: QualifiedName, value: RequiredValue])[] = []
  gatherEqualities(node['whereClause'], equalities)
  if (equalities.length === 0) return []
  return items.flatMap(({ alias, name }) => {
    if (name === undefined) return []
    const values = new Map<string, RequiredValue>()
    for (const [column, value] of equalities) {
      const isOwn = column.schema === undefined ? all.length === 1 : column.schema === alias
      if (isOwn && !values.has(column.name)) values.set(column.name, value)
    }
    return values.size === 0 ? [] : [{ ...name, access, values }]
  })
}

/** Gathers `column = value` of a condition and of all that AND joins in it. The qualifier of a column is its schema here. */
function gatherEqualities(
  condition: TreeValue | undefined,
  found: (readonly [column: QualifiedName, value: RequiredValue])[],
): void {
  const all = unwrap(condition, 'BoolExpr')
  if (all !== undefined && textAt(all, 'boolop') === 'AND_EXPR') {
    for (const each of listAt(all, 'args')) gatherEqualities(each, found)
    return
  }
  const comparison = unwrap(condition, 'A_Expr')
  if (comparison === undefined || textAt(comparison, 'kind') !== 'AEXPR_OP') return
  const operator = nameOf(listAt(comparison, 'name'))
  if (operator.name !== '=' || operator.schema !== undefined) return
  const { lexpr, rexpr } = comparison
  for (const [left, right] of [
    [lexpr, rexpr],
    [rexpr, lexpr],
  ]) {
    const fields = listAt(unwrap(left, 'ColumnRef') ?? {}, 'fields')
    const value = valueOf(right)
    const isName = fields.length > 0 && fields.length <= 2 && unwrap(fields.at(-1), 'String') !== undefined
    if (isName && value !== undefined) found.push([nameOf(fields), value])
  }
}

/** A parameter or a constant that stands alone. */
function valueOf(value: TreeValue | undefined): RequiredValue | undefined {
  const parameter = unwrap(value, 'ParamRef')?.['number']
  if (typeof parameter === 'number') return { parameter }
  const constant = unwrap(value, 'A_Const')
  const literal = constant === undefined ? undefined : constantOf(value)
  if (literal === undefined || constant?.['boolval'] !== undefined) return undefined
  const position = constant === undefined ? undefined : locationOf(constant)
  return {
    literal,
    isNumber: constant?.['sval'] === undefined,
    ...(position !== undefined && { position }),
  }
}

/** Without values of parameters that the text uses elsewhere, too: these may be of a type that comes from there. */
function certainOf(candidate: KeyCandidate, { isRepeated, sql }: Source): KeyCandidate | undefined {
  if (isRepeated(candidate)) return undefined
  const counts = new Map<number, number>()
  for (const [, digits] of sql.matchAll(/\$(\d+)/g)) {
    counts.set(Number(digits), (counts.get(Number(digits)) ?? 0) + 1)
  }
  const values = new Map(
    [...candidate.values].filter(([, value]) => !('parameter' in value) || counts.get(value.parameter) === 1),
  )
  return values.size === 0 ? undefined : { ...candidate, values }
}
