import type { PoolClient } from 'pg'

/** Whether an idle connection has an open transaction, failed or not: one begun with `pool.query('BEGIN')`. */
export function isInTransaction(client: PoolClient): boolean {
  const status = client.getTransactionStatus()
  return status === 'T' || status === 'E'
}
