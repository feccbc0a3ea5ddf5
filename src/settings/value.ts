import { literal } from '../catalog/sql-literal.ts'
import { resetSql } from './journal.ts'

/** Gives a setting the value that `current_setting` told, or `set_config` was called with. */
export function valueSql(name: string, value: string | null): string {
  if (value === null) return resetSql(name)
  return `SELECT pg_catalog.set_config(${literal(name)},${literal(value)}, false)`
}

/** Asks for settings in the order of the names; `null` for what is not set at all. */
export function askSql(names: readonly string[]): string {
  const values = names.map((name) => `pg_catalog.current_setting(${literal(name)}, true)`)
  return `SELECT ${values.join(', ')}`
}
