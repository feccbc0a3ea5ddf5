import type { PoolClient } from 'pg'

/** The health of a connection as node-postgres keeps it. pg-pool reads it, too. */
interface Health {
  readonly _queryable?: boolean
  readonly _ending?: boolean
}

/** Whether the connection accepts no more statements. */
export function isBroken(client: PoolClient): boolean {
  const { _queryable, _ending } = client as unknown as Health
  return _queryable === false || _ending === true
}
