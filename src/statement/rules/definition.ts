import { isNode, isTemporary, isTemporarySchema, nodeAt, textAt, type TreeValue } from '../tree.ts'
import { leaving, strictest, write } from '../verdict.ts'
import type { StatementRule, StatementRules } from '../walk.ts'

/** Statements that define, change or drop something, by their tags. */
const changes = [
  'AlterCollationStmt',
  'AlterDatabaseRefreshCollStmt',
  'AlterDatabaseSetStmt',
  'AlterDatabaseStmt',
  'AlterDefaultPrivilegesStmt',
  'AlterDomainStmt',
  'AlterEnumStmt',
  'AlterEventTrigStmt',
  'AlterExtensionContentsStmt',
  'AlterExtensionStmt',
  'AlterFdwStmt',
  'AlterForeignServerStmt',
  'AlterFunctionStmt',
  'AlterObjectDependsStmt',
  'AlterObjectSchemaStmt',
  'AlterOpFamilyStmt',
  'AlterOperatorStmt',
  'AlterOwnerStmt',
  'AlterPolicyStmt',
  'AlterPublicationStmt',
  'AlterRoleSetStmt',
  'AlterRoleStmt',
  'AlterSeqStmt',
  'AlterStatsStmt',
  'AlterSubscriptionStmt',
  'AlterTSConfigurationStmt',
  'AlterTSDictionaryStmt',
  'AlterTableMoveAllStmt',
  'AlterTableSpaceOptionsStmt',
  'AlterTableStmt',
  'AlterTypeStmt',
  'AlterUserMappingStmt',
  'CommentStmt',
  'DropOwnedStmt',
  'DropRoleStmt',
  'DropStmt',
  'DropSubscriptionStmt',
  'DropTableSpaceStmt',
  'DropUserMappingStmt',
  'DropdbStmt',
  'GrantRoleStmt',
  'GrantStmt',
  'ImportForeignSchemaStmt',
  'ReassignOwnedStmt',
  'RenameStmt',
  'SecLabelStmt',
] as const

/** Those that create something, which may be temporary. */
const creations = [
  'CompositeTypeStmt',
  'CreateAmStmt',
  'CreateCastStmt',
  'CreateConversionStmt',
  'CreateDomainStmt',
  'CreateEnumStmt',
  'CreateEventTrigStmt',
  'CreateExtensionStmt',
  'CreateFdwStmt',
  'CreateForeignServerStmt',
  'CreateForeignTableStmt',
  'CreateFunctionStmt',
  'CreateOpClassStmt',
  'CreateOpFamilyStmt',
  'CreatePLangStmt',
  'CreatePolicyStmt',
  'CreatePublicationStmt',
  'CreateRangeStmt',
  'CreateRoleStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateStatsStmt',
  'CreateStmt',
  'CreateSubscriptionStmt',
  'CreateTableSpaceStmt',
  'CreateTransformStmt',
  'CreateTrigStmt',
  'CreateUserMappingStmt',
  'CreatedbStmt',
  'DefineStmt',
  'IndexStmt',
  'RuleStmt',
  'ViewStmt',
] as const

/** Fields that hold the new thing's name: a relation, or a list of a name's parts. */
const nameFields = ['relation', 'sequence', 'view', 'typevar']
const nameListFields = ['funcname', 'typeName', 'typename', 'domainname', 'defnames']

function isTemporaryName(parts: TreeValue | undefined): boolean {
  if (!Array.isArray(parts) || parts.length < 2) return false
  const [schema] = parts as readonly TreeValue[]
  const string = isNode(schema) ? nodeAt(schema, 'String') : undefined
  return string !== undefined && isTemporarySchema(textAt(string, 'sval'))
}

const create: StatementRule = (node) => {
  const into = nodeAt(node, 'into')
  const named = [
    ...nameFields.map((field) => nodeAt(node, field)),
    into === undefined ? undefined : nodeAt(into, 'rel'),
  ]
  const isSessionOwn =
    named.some((range) => range !== undefined && isTemporary(range)) ||
    nameListFields.some((field) => isTemporaryName(node[field]))
  return isSessionOwn ? leaving(write('ddl'), 'temporary-object') : write('ddl')
}

/** Gathers the names, so that session state which is left while the table is filled is seen. */
const createFilled: StatementRule = (node, walk) => {
  walk.visit(node['query'])
  const refusal = walk.findings.takeRefusal()
  const made = create(node, walk)
  return refusal === undefined ? made : strictest(made, refusal)
}

export const definitionStatements: StatementRules = Object.fromEntries([
  ...changes.map((tag) => [tag, () => write('ddl')] as const),
  ...creations.map((tag) => [tag, create] as const),
  ['CreateTableAsStmt', createFilled],
])
