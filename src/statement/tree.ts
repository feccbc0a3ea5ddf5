import type { QualifiedName } from '../catalog/catalog.ts'

/**
 * PostgreSQL's raw parse tree as JSON. A node in a place where several kinds may stand is wrapped in an object with one
 * capitalised key, its tag: `{ FuncCall: { … } }`. Where only one kind may stand, the tag is left out. Fields that hold
 * false, zero or an empty string are absent.
 */
export type TreeValue = string | number | boolean | null | TreeNode | readonly TreeValue[]

export interface TreeNode {
  readonly [field: string]: TreeValue | undefined
}

export function isNode(value: TreeValue | undefined): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function nodeAt(node: TreeNode, field: string): TreeNode | undefined {
  const value = node[field]
  return isNode(value) ? value : undefined
}

export function listAt(node: TreeNode, field: string): readonly TreeValue[] {
  const value = node[field]
  return Array.isArray(value) ? value : []
}

export function textAt(node: TreeNode, field: string): string {
  const value = node[field]
  return typeof value === 'string' ? value : ''
}

/** An offset in bytes from the start of the text, when the parser noted one. */
export function locationOf(node: TreeNode): number | undefined {
  const value = node['location']
  return typeof value === 'number' && value >= 0 ? value : undefined
}

/** The node inside a wrapped node, if it has this tag. */
export function unwrap(value: TreeValue | undefined, tag: string): TreeNode | undefined {
  return isNode(value) ? nodeAt(value, tag) : undefined
}

/** The name that a list of strings spells; of `database.schema.name` the last two parts. */
export function nameOf(parts: readonly TreeValue[]): QualifiedName {
  const name = partOf(parts.at(-1))
  return parts.length > 1 ? { schema: partOf(parts.at(-2)), name } : { name }
}

function partOf(value: TreeValue | undefined): string {
  const string = unwrap(value, 'String')
  return string === undefined ? '' : textAt(string, 'sval')
}

/** The name of a RangeVar, the tree's word for a relation. */
export function relationNameOf(range: TreeNode): QualifiedName {
  const name = textAt(range, 'relname')
  const schema = textAt(range, 'schemaname')
  return schema === '' ? { name } : { schema, name }
}

/** True for a relation that is created for this session alone. */
export function isTemporary(range: TreeNode): boolean {
  return textAt(range, 'relpersistence') === 't' || isTemporarySchema(textAt(range, 'schemaname'))
}

export function isTemporarySchema(schema: string): boolean {
  return schema === 'pg_temp' || schema.startsWith('pg_temp_')
}

/** A constant as its text: `'on'`, `1` and `true` alike. Undefined for anything that is no constant. */
export function constantOf(value: TreeValue | undefined): string | undefined {
  if (!isNode(value)) return undefined
  const constant = nodeAt(value, 'A_Const')
  if (constant === undefined) {
    const string = nodeAt(value, 'String')
    if (string !== undefined) return textAt(string, 'sval')
    const integer = nodeAt(value, 'Integer')
    return integer === undefined ? undefined : numberAt(integer)
  }
  const { sval, ival, fval, boolval } = constant
  if (isNode(sval)) return textAt(sval, 'sval')
  if (isNode(ival)) return numberAt(ival)
  if (isNode(fval)) return textAt(fval, 'fval')
  return isNode(boolval) ? (boolval['boolval'] === true ? 'true' : 'false') : undefined
}

function numberAt(integer: TreeNode): string {
  const value = integer['ival']
  return typeof value === 'number' ? String(value) : '0'
}
