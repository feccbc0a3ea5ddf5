import type { QueryArrayResult } from 'pg'
import { literal } from '../catalog/sql-literal.ts'
import type { OwnQuery } from '../platform/unseen.ts'
import { resetSql } from './journal.ts'

/** Gives a setting the value that `current_setting` told, or `set_config` was called with. */
export function valueSql(name: string, value: string | null): string {
  if (value === null) return resetSql(name)
  return `SELECT pg_catalog.set_config(${literal(name)},${literal(value)}, false)`
}

/** Makes the query for settings, which gives `null` for what is not set at all. */
export function queryFor(names: readonly string[]): OwnQuery {
  const values = names.map((name) => `pg_catalog.current_setting(${literal(name)}, true)`)
  return { text: `SELECT ${values.join(', ')}`, rowMode: 'array' }
}

/** Reads the values out of its answer, in the order of the names: `null` for what is not set at all, none behind an error. */
export function valuesIn(result: unknown): readonly (string | null)[] {
  return (result as QueryArrayResult<(string | null)[]> | undefined)?.rows[0] ?? []
}
