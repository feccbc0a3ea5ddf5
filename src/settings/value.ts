import type { QueryArrayResult } from 'pg'
import { literal } from '../catalog/sql-literal.ts'
import type { OwnQuery } from '../platform/unseen.ts'
import { resetSql } from './journal.ts'

/** Returns the statement that gives a setting the value of `current_setting` or of a `set_config` call. */
export function valueSql(name: string, value: string | null): string {
  if (value === null) return resetSql(name)
  return `SELECT pg_catalog.set_config(${literal(name)},${literal(value)}, false)`
}

/** Returns a query for the values of settings, `null` for those that are not set. */
export function queryFor(names: readonly string[]): OwnQuery {
  const values = names.map((name) => `pg_catalog.current_setting(${literal(name)}, true)`)
  return { text: `SELECT ${values.join(', ')}`, rowMode: 'array' }
}

/**
 * Returns the values from its result, in the order of the names: `null` for those that are not set, none after an
 * error.
 */
export function valuesIn(result: unknown): readonly (string | null)[] {
  return (result as QueryArrayResult<(string | null)[]> | undefined)?.rows[0] ?? []
}

/**
 * Returns a query that reads settings and makes others, all with parameters: first the names to read, then names and
 * values to make.
 * @param isLocal Whether they hold for one transaction.
 */
export function settingText(made: number, asked: number, isLocal: boolean): string {
  const reads = Array.from({ length: asked }, (_, i) => `pg_catalog.current_setting($${i + 1}, true)`)
  const writes = Array.from(
    { length: made },
    (_, i) => `pg_catalog.set_config($${asked + 2 * i + 1}, $${asked + 2 * i + 2}, ${isLocal})`,
  )
  return `SELECT ${[...reads, ...writes].join(', ')}`
}
