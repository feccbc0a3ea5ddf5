import type { Argument, SettingChange } from '../statement/setting-change.ts'
import type { Statement } from '../statement/statement.ts'
import { IDENTITY, resetSql, type Journal } from './journal.ts'
import { valueSql } from './value.ts'

/** A change of a setting by one execution of a statement. */
export type Operation =
  | { readonly operation: 'put'; readonly name: string; readonly sql: string }
  | { readonly operation: 'remove'; readonly name: string }
  /** The value is known only to the server. */
  | { readonly operation: 'ask'; readonly name: string }
  | { readonly operation: 'reset-all' }
  | { readonly operation: 'discard-all' }

/** Returns the operation of a change; undefined when it is unknown which setting was changed. */
export function operationOf(change: SettingChange, values: readonly unknown[]): Operation | undefined {
  switch (change.change) {
    case 'set':
      return { operation: 'put', name: change.name, sql: change.sql }
    case 'reset':
      return { operation: 'remove', name: change.name }
    case 'computed':
      return { operation: 'ask', name: change.name }
    case 'call':
      return ofCall(change, values)
    default:
      return { operation: change.change }
  }
}

function ofCall(
  { name: nameArgument, value: valueArgument, isLocal }: SettingChange & { readonly change: 'call' },
  values: readonly unknown[],
): Operation | undefined {
  const name = textOf(nameArgument, values)?.toLowerCase()
  if (name === undefined || name === null) return undefined
  // Whether it lasts is known when the transaction has ended.
  if (booleanOf(isLocal, values) !== false) return { operation: 'ask', name }
  const value = textOf(valueArgument, values)
  if (value === null) return { operation: 'remove', name }
  return value === undefined
    ? { operation: 'ask', name }
    : { operation: 'put', name, sql: valueSql(name, value) }
}

/** Returns the operations of one execution of a statement. */
export function namesSet({ settings = [] }: Statement, values: readonly unknown[]): readonly string[] {
  const operations = settings.map((change) => operationOf(change, values))
  return operations.flatMap((operation) =>
    operation !== undefined && 'name' in operation ? operation.name : [],
  )
}

/** Formats a string, a number or a boolean as node-postgres does; undefined for anything else. */
function textOf(argument: Argument, values: readonly unknown[]): string | null | undefined {
  const value = 'text' in argument ? argument.text : values[argument.parameter - 1]
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function booleanOf(argument: Argument, values: readonly unknown[]): boolean | undefined {
  const text = textOf(argument, values)?.toLowerCase()
  return text === 'false' || text === 'f' ? false : undefined
}

/**
 * Returns the settings of a session after a certain operation.
 * @param base Its settings before its own changes.
 * @param keepsResets Whether connections may start with other values than the server's defaults.
 */
export function applied(
  operation: Exclude<Operation, { readonly operation: 'ask' }>,
  journal: Journal,
  base: Journal,
  keepsResets: boolean,
): Journal {
  const reset = (from: Journal, name: string): Journal =>
    keepsResets || base.get(name) !== undefined ? from.with(name, resetSql(name)) : from.without(name)
  switch (operation.operation) {
    case 'put':
      return journal.with(operation.name, operation.sql)
    case 'remove':
      return reset(journal, operation.name)
    case 'reset-all':
      return names(journal, base)
        .filter((name) => !IDENTITY.includes(name))
        .reduce(reset, journal)
    case 'discard-all':
      return names(journal, base).reduce(reset, journal)
    default:
      throw new Error(`Unexpected operation: ${String(operation satisfies never)}`)
  }
}

function names(journal: Journal, base: Journal): readonly string[] {
  return [...new Set([...journal.names(), ...base.names()])]
}
