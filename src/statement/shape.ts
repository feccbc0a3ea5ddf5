import { createHash } from 'node:crypto'
import type { TreeNode, TreeValue } from './tree.ts'

/**
 * Returns the fingerprint of a syntax tree without constants, parameters and positions, with runs of equal list items
 * merged, as 16 hexadecimal digits. libpg-query has a similar function, but with very large stack frames. Compiled to
 * optimized code, fourteen nested calls exhaust the stack and break the instance.
 *
 * @throws RangeError when the tree's own depth exhausts the stack
 */
export function shapeOf(tree: TreeNode): string {
  return createHash('sha256').update(written(tree)).digest('hex').slice(0, 16)
}

/** Tags of nodes that give values, and nothing else. */
const VALUES: ReadonlySet<string> = new Set(['A_Const', 'ParamRef'])
/** Fields that tell where something stands in the text. */
const PLACES: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
])

function written(value: TreeValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return isList(value) ? writtenList(value) : writtenNode(value)
}

function writtenList(items: readonly TreeValue[]): string {
  let text = '['
  let last: string | undefined
  for (const item of items) {
    const next = written(item)
    if (next !== last) text += `${next},`
    last = next
  }
  return `${text}]`
}

function writtenNode(node: TreeNode): string {
  let text = '{'
  for (const field in node) {
    if (VALUES.has(field)) return '?'
    const value = node[field]
    if (value !== undefined && !PLACES.has(field)) text += `${field}:${written(value)},`
  }
  return `${text}}`
}

function isList(value: TreeNode | readonly TreeValue[]): value is readonly TreeValue[] {
  return Array.isArray(value)
}
