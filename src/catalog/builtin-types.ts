import { operatorNames, typeNames } from './builtin-objects.ts'
import { builtinRelation } from './builtin-relations.ts'
import type { QualifiedName } from './catalog.ts'
import { WordSet } from './words.ts'

const types = new WordSet(typeNames)
const operators = new WordSet(operatorNames)

/** True for PostgreSQL's own types: their array types, and the row types of system relations, too. */
export function builtinType(type: QualifiedName): boolean {
  const element = { ...type, name: type.name.replace(/^_/, '') }
  return [type, element].some(
    (each) => (isSystemSchema(each.schema) && types.has(each.name)) || builtinRelation(each) !== undefined,
  )
}

/** True for PostgreSQL's own operators: none of them is volatile. */
export function builtinOperator({ schema, name }: QualifiedName): boolean {
  return (schema === undefined || schema === 'pg_catalog') && operators.has(name)
}

function isSystemSchema(schema: string | undefined): boolean {
  return schema === undefined || schema === 'pg_catalog' || schema === 'information_schema'
}
