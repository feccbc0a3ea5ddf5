import type { PoolClient } from 'pg'

/** True for an idle connection whose transaction goes on, failed or not: somebody has begun it with `pool.query('BEGIN')`. */
export function isInTransaction(client: PoolClient): boolean {
  const status = client.getTransactionStatus()
  return status === 'T' || status === 'E'
}
