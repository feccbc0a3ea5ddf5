import { isNode, listAt, nameOf, nodeAt, textAt, type TreeNode, type TreeValue } from './tree.ts'

type Names = readonly string[] | undefined
type Rule = (node: TreeNode) => Names

/**
 * The names that a text gives to relations and types, as they stand in its tree. Undefined where others may be given
 * too. Names that PostgreSQL makes up are left out: of indexes and sequences that belong to a table, and of types of
 * arrays.
 */
export function givenNames(statements: readonly TreeValue[]): Names {
  return all(statements.map((statement) => givenBy(isNode(statement) ? statement['stmt'] : undefined)))
}

function givenBy(statement: TreeValue | undefined): Names {
  if (!isNode(statement)) return undefined
  const [tag = ''] = Object.keys(statement)
  const node = statement[tag]
  return isNode(node) ? rules.get(tag)?.(node) : undefined
}

function all(given: readonly Names[]): Names {
  const names: string[] = []
  for (const some of given) {
    if (some === undefined) return undefined
    names.push(...some)
  }
  return names
}

const nothing: Rule = () => []

/** The relation in this field is made. */
function relation(field: string): Rule {
  return (node) => named(textAt(nodeAt(node, field) ?? {}, 'relname'))
}

/** The text in this field is a new name. */
function text(field: string): Rule {
  return (node) => named(textAt(node, field))
}

function named(name: string): readonly string[] {
  return name === '' ? [] : [name]
}

/** The last part of the name in this field is new. */
function qualified(field: string): Rule {
  return (node) => named(nameOf(listAt(node, field)).name)
}

/** A constraint's index has its name, and an identity's sequence may have one of its own. */
function constraints(value: TreeValue | undefined): Names {
  return textsOf(value, 'defname').includes('sequence_name') ? undefined : textsOf(value, 'conname')
}

const createTable: Rule = (node) => {
  // Who reads a table reads the children of its children too, by none of their names. A partition is temporary with its
  // table.
  if (node['inhRelations'] !== undefined && node['partbound'] === undefined) return undefined
  return all([relation('relation')(node), constraints(node['tableElts'])])
}

/** Of what else ALTER TABLE does it is not told what it may bring along. */
const plainChanges: ReadonlySet<string> = new Set([
  'AT_AddColumn',
  'AT_AddConstraint',
  'AT_AlterColumnType',
  'AT_ColumnDefault',
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_DropNotNull',
  'AT_SetNotNull',
])

const alterTable: Rule = (node) => {
  const changes = textsOf(node['cmds'], 'subtype')
  return changes.every((change) => plainChanges.has(change)) ? constraints(node['cmds']) : undefined
}

const createTableAs: Rule = ({ into }) => (isNode(into) ? relation('rel')(into) : undefined)

/** Of a UNION the first SELECT says where it goes. */
const select: Rule = (node) => {
  const into = nodeAt(node, 'intoClause')
  const first = nodeAt(node, 'larg')
  return all([into && relation('rel')(into), first && select(first)].map((names) => names ?? []))
}

const explain: Rule = (node) => givenBy(node['query'])

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['AlterTableStmt', alterTable],
  ['CompositeTypeStmt', relation('typevar')],
  ['CreateDomainStmt', qualified('domainname')],
  ['CreateEnumStmt', qualified('typeName')],
  ['CreateSeqStmt', relation('sequence')],
  ['CreateStmt', createTable],
  ['CreateTableAsStmt', createTableAs],
  ['ExplainStmt', explain],
  ['IndexStmt', text('idxname')],
  ['RenameStmt', text('newname')],
  ['SelectStmt', select],
  ['ViewStmt', relation('view')],
  ...[
    'CommentStmt',
    'ClosePortalStmt',
    'CopyStmt',
    'CreateFunctionStmt',
    'DeallocateStmt',
    'DeclareCursorStmt',
    'DeleteStmt',
    'DropStmt',
    'FetchStmt',
    'GrantStmt',
    'InsertStmt',
    'ListenStmt',
    'LockStmt',
    'MergeStmt',
    'NotifyStmt',
    'TransactionStmt',
    'TruncateStmt',
    'UnlistenStmt',
    'UpdateStmt',
    'VacuumStmt',
    'VariableSetStmt',
    'VariableShowStmt',
  ].map((tag): [string, Rule] => [tag, nothing]),
])

/** Returns the strings in fields of this name at any depth. */
function textsOf(value: TreeValue | undefined, field: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: TreeValue) => textsOf(item, field))
  if (!isNode(value)) return []
  return Object.entries(value).flatMap(([name, child]) =>
    name === field && typeof child === 'string' ? child : textsOf(child, field),
  )
}
