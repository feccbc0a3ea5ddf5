import { checkPlainObject, invalid } from '../config/validate.ts'
import { Overlay } from '../consistency/overlay.ts'
import { describe } from '../errors/describe.ts'

/**
 * Values of settings by name.
 *
 * @example
 * const settings: SettingValues = { 'app.tenant': '7', work_mem: '64MB' }
 */
export type SettingValues = Readonly<Record<string, string | number | boolean>>

const NAME = /^[a-z_][\w$]*(?:\.[a-z_][\w$]*)*$/i
const TRANSACTION = 'belongs to transactions: use the options of `transaction()`'
const PARSERS = 'belongs to the connections: node-postgres relies on it'
const ROUTING = 'would change what the router knows of statements'

/** Settings that sessions must not make, with the reason. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['role', 'is the option "role"'],
  ['session_authorization', 'cannot be undone by the role: use the option "role"'],
  ...[
    'default_transaction_deferrable',
    'default_transaction_isolation',
    'default_transaction_read_only',
    'transaction_deferrable',
    'transaction_isolation',
    'transaction_read_only',
  ].map((name) => [name, TRANSACTION] as const),
  ...['client_encoding', 'datestyle', 'intervalstyle'].map((name) => [name, PARSERS] as const),
  ...['session_replication_role', 'standard_conforming_strings'].map((name) => [name, ROUTING] as const),
])

/** With these schemas a name may stand for another function than PostgreSQL's own, or for one of this connection. */
const REFUSED_SCHEMA = /\bpg_(?:catalog|temp)/i

/** Validates the settings and the role of a session. Messages hold no values of settings. */
export function overlayOf(settings: unknown, role: unknown): Overlay | undefined {
  const values = settings === undefined ? new Map<string, string>() : valuesOf(settings)
  if (role !== undefined && (typeof role !== 'string' || role === '' || role.includes('\0'))) {
    throw invalid(`Option "role" of a session must be the name of a role; received ${kindOf(role)}`)
  }
  return values.size === 0 && role === undefined ? undefined : new Overlay(values, role)
}

function valuesOf(settings: unknown): Map<string, string> {
  checkPlainObject('settings', settings)
  const values = new Map<string, string>()
  for (const [given, value] of Object.entries(settings)) {
    const name = given.toLowerCase()
    if (!NAME.test(given)) {
      const legal = 'letters, digits, "_" and "$", with dots between its parts'
      throw invalid(
        `A name in option "settings" of a session must be of ${legal}; received ${describe(given)}`,
      )
    }
    const reason = REFUSED.get(name)
    if (reason !== undefined)
      throw invalid(`Option "settings" of a session must not have "${name}": it ${reason}`)
    if (values.has(name)) throw invalid(`Option "settings" of a session has "${name}" more than once`)
    values.set(name, textOf(name, value))
  }
  return values
}

function textOf(name: string, value: unknown): string {
  const isNumber = typeof value === 'number' && Number.isFinite(value)
  const isText = typeof value === 'string' && !value.includes('\0')
  if (!isNumber && !isText && typeof value !== 'boolean') {
    const legal = 'a string without NUL, a finite number or a boolean'
    throw invalid(
      `Option "settings" of a session must have ${legal} for "${name}"; received ${kindOf(value)}`,
    )
  }
  const text = String(value)
  if (name === 'search_path' && REFUSED_SCHEMA.test(text)) {
    throw invalid(
      'Option "settings" of a session must not have pg_catalog or pg_temp in "search_path": PostgreSQL ' +
        'searches both by itself',
    )
  }
  return text
}

/** The kind of a value, which itself must not be shown. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value === '') return 'an empty string'
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? describe(value) : `a ${typeof value}`
}
