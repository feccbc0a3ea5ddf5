import type { QueryArrayResult } from 'pg'
import type { OwnQuery } from '../platform/unseen.ts'
import { askSql } from './value.ts'

/** Makes the query for settings. */
export function queryFor(names: readonly string[]): OwnQuery {
  return { text: askSql(names), rowMode: 'array' }
}

/** Reads the values out of its answer, in the order of the names: `null` for what is not set at all, none behind an error. */
export function valuesIn(result: unknown): readonly (string | null)[] {
  return (result as QueryArrayResult<(string | null)[]> | undefined)?.rows[0] ?? []
}
