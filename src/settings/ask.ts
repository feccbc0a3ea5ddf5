import type { PoolClient, QueryArrayResult } from 'pg'
import { queryUnseen } from '../platform/unseen.ts'
import { askSql } from './value.ts'

/** Asks a server for settings, in the order of the names: `null` for what is not set at all, `undefined` behind an error. */
export function askSettings(
  client: PoolClient,
  names: readonly string[],
  done: (error: Error | undefined, values: readonly (string | null | undefined)[]) => void,
): void {
  const query = { text: askSql(names), rowMode: 'array' as const }
  queryUnseen(client, query, (error, result) => {
    // node-postgres says null where there is none.
    done(error ?? undefined, (result as QueryArrayResult<(string | null)[]> | undefined)?.rows[0] ?? [])
  })
}
