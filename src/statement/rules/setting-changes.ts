import { literal } from '../../catalog/sql-literal.ts'
import type { Argument, SettingChange } from '../setting-change.ts'
import {
  constantOf,
  isNode,
  listAt,
  nameOf,
  nodeAt,
  textAt,
  unwrap,
  type TreeNode,
  type TreeValue,
} from '../tree.ts'

/**
 * Returns the changes that the statements of a text make to settings beyond their transaction.
 * @param calls How often `set_config` is called in the text, except for calls that end with the transaction. If one is
 * not at the top of a SELECT that does nothing else, it is uncertain whether it sets anything, and what.
 */
export function settingsOf(
  statements: readonly TreeValue[],
  calls: number,
): readonly SettingChange[] | undefined {
  const changes: SettingChange[] = []
  let known = 0
  for (const statement of statements) {
    const tree = isNode(statement) ? nodeAt(statement, 'stmt') : undefined
    if (tree === undefined) continue
    for (const change of changesOf(tree)) {
      if (change === undefined) return undefined
      if (change.change === 'call') known += 1
      changes.push(change)
    }
  }
  return changes.length === 0 || known !== calls ? undefined : changes
}

function changesOf(tree: TreeNode): readonly (SettingChange | undefined)[] {
  const set = nodeAt(tree, 'VariableSetStmt')
  if (set !== undefined) return set['is_local'] === true ? [] : ofSet(set)
  const discard = nodeAt(tree, 'DiscardStmt')
  if (discard !== undefined)
    return textAt(discard, 'target') === 'DISCARD_ALL' ? [{ change: 'discard-all' }] : []
  const select = nodeAt(tree, 'SelectStmt')
  return select === undefined ? [] : ofSelect(select)
}

/** The modes of future transactions, by the names of their settings. */
const MODES = /^transaction_(isolation|read_only|deferrable)$/

function ofSet(node: TreeNode): readonly (SettingChange | undefined)[] {
  const given = textAt(node, 'name')
  const args = listAt(node, 'args')
  if (given === 'SESSION CHARACTERISTICS') return args.map(ofCharacteristic)
  const name = given.toLowerCase()
  if (given.startsWith('TRANSACTION') || MODES.test(name)) return []
  switch (textAt(node, 'kind')) {
    case 'VAR_RESET_ALL':
      return [{ change: 'reset-all' }]
    case 'VAR_RESET':
    case 'VAR_SET_DEFAULT':
      return [{ change: 'reset', name }]
    case 'VAR_SET_VALUE':
      return [ofValue(name, args)]
    default:
      return [{ change: 'computed', name }]
  }
}

function ofCharacteristic(item: TreeValue): SettingChange | undefined {
  const mode = unwrap(item, 'DefElem')
  const value = mode === undefined ? undefined : constantOf(mode['arg'])
  if (mode === undefined || value === undefined || !MODES.test(textAt(mode, 'defname'))) return undefined
  const name = `default_${textAt(mode, 'defname')}`
  return { change: 'set', name, sql: setting(name, [literal(value).trim()]) }
}

/** Settings whose new value depends on the previous one. */
const INCREMENTAL: ReadonlySet<string> = new Set(['datestyle'])

function ofValue(name: string, args: readonly TreeValue[]): SettingChange {
  const values = args.map(valueOf)
  const known = values.filter((value) => value !== undefined)
  if (known.length < values.length || INCREMENTAL.has(name)) return { change: 'computed', name }
  return { change: 'set', name, sql: setting(name, known) }
}

/** Numbers as they are: a time zone may be one. */
function valueOf(value: TreeValue): string | undefined {
  const text = constantOf(value)
  if (text === undefined) return undefined
  const constant = unwrap(value, 'A_Const')
  return constant !== undefined && ('ival' in constant || 'fval' in constant) ? text : literal(text).trim()
}

function setting(name: string, values: readonly string[]): string {
  const quoted = name.split('.').map((part) => `"${part.replaceAll('"', '""')}"`)
  return `SET ${quoted.join('.')} TO ${values.join(', ')}`
}

/** Fields of a SELECT that has only a target list. */
const BARE: ReadonlySet<string> = new Set(['targetList', 'limitOption', 'op'])

function ofSelect(node: TreeNode): readonly (SettingChange | undefined)[] {
  if (Object.keys(node).some((field) => !BARE.has(field))) return []
  return listAt(node, 'targetList').flatMap((item) => {
    const call = unwrap(unwrap(item, 'ResTarget')?.['val'], 'FuncCall')
    const name = call === undefined ? undefined : nameOf(listAt(call, 'funcname'))
    if (call === undefined || name?.name !== 'set_config') return []
    const args = listAt(call, 'args').map(argumentOf)
    const [called, value, isLocal] = args
    if (called === undefined || value === undefined || isLocal === undefined) return []
    return 'text' in isLocal && isLocal.text === 'true'
      ? []
      : [{ change: 'call', name: called, value, isLocal } as const]
  })
}

const TEXTUAL: ReadonlySet<string> = new Set(['text', 'varchar', 'bool'])

function argumentOf(value: TreeValue): Argument | undefined {
  const cast = unwrap(value, 'TypeCast')
  if (cast !== undefined) {
    const type = nodeAt(cast, 'typeName')
    const isPlain = type !== undefined && type['typmods'] === undefined && type['arrayBounds'] === undefined
    const isTextual = isPlain && TEXTUAL.has(nameOf(listAt(type, 'names')).name)
    const argument = isTextual && cast['arg'] !== undefined ? argumentOf(cast['arg']) : undefined
    return argument
  }
  const parameter = unwrap(value, 'ParamRef')?.['number']
  if (typeof parameter === 'number') return { parameter }
  const constant = unwrap(value, 'A_Const')
  if (constant?.['isnull'] === true) return { text: null }
  const text = constantOf(value)
  return text === undefined ? undefined : { text }
}
