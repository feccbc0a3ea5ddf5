import type { PoolClient, QueryArrayResult } from 'pg'
import { queryUnseen } from '../platform/unseen.ts'

/**
 * Queries whether the server of a connection that has just rejected a statement is a standby. If it is one now, it was
 * one then: a primary becomes a standby only by a restart, which no connection survives.
 */
export function askWhetherStandby(client: PoolClient, answered: (isStandby: boolean) => void): void {
  const query = { text: 'select pg_is_in_recovery()::text', rowMode: 'array' as const }
  queryUnseen(client, query, (_error, result) => {
    const [row] = (result as QueryArrayResult | undefined)?.rows ?? []
    answered(row?.[0] === 'true')
  })
}
