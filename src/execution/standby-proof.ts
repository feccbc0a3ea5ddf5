import type { PoolClient, QueryArrayResult } from 'pg'
import { queryUnseen } from '../platform/unseen.ts'
import { isRefusal } from '../topology/wording.ts'

/**
 * Queries whether the server of a connection is a standby. If so, it was one for all of its statements. A primary
 * becomes a standby only by a restart, which no connection survives.
 */
export function askWhetherStandby(client: PoolClient, answered: (isStandby: boolean) => void): void {
  ask(client, 'select pg_catalog.pg_is_in_recovery()::pg_catalog.text', (error, value) => {
    if (!isRefusal(error)) return answered(value === 'true')
    ask(client, `select pg_catalog.current_setting('in_hot_standby', true)`, (_error, setting) =>
      answered(setting === 'on'),
    )
  })
}

function ask(client: PoolClient, text: string, answered: (error: unknown, value: unknown) => void): void {
  queryUnseen(client, { text, rowMode: 'array' as const }, (error, result) => {
    const [row] = (result as QueryArrayResult | undefined)?.rows ?? []
    answered(error, row?.[0])
  })
}
