import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'
import { SELF_SQL, SERVER_SQL, type ProbeRow } from './probe.ts'

/**
 * Reads a node's position at little cost, for reads that wait for a position. The rest of the last observation stays
 * valid, unless the role has changed or another server answers: a pooler in between may have switched to one.
 */
export const PROGRESS_SQL: string = `select
  case when is_standby then 'replica' else 'primary' end,
  case
    when is_standby then pg_last_wal_replay_lsn()
    when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn()
    else pg_current_wal_flush_lsn()
  end::text,
  case when not is_standby and current_setting('synchronous_commit') = 'off' then 'inserted' end,
  ${SERVER_SQL},
  case when streams then pg_last_wal_receive_lsn() end::text,
  pg_backend_pid()::text
from ${SELF_SQL}`

/**
 * Reads a primary's insert position. Where commits may be acknowledged before they are flushed, only this position is
 * at or after all of them. Null on a standby.
 */
export const INSERTED_SQL: string = `select
  case when pg_is_in_recovery() then 'replica' else 'primary' end,
  case when not pg_is_in_recovery() then pg_current_wal_insert_lsn() end::text,
  'inserted',
  ${SERVER_SQL}`

/**
 * Updates the positions of `last`, an observation made over the same connection. `undefined` when more than these
 * have changed.
 */
export function readProgress(
  row: ProbeRow | undefined,
  last: Observation,
  sentAtMs: number,
  receivedAtMs: number,
): Observation | undefined {
  const [role, lsnText, kind, server, receivedText] = row ?? []
  const lsn = lsnText ? parseLsn(lsnText) : undefined
  if (role !== last.role || lsn === undefined) return undefined
  if (last.serverIdentity !== `${last.systemIdentifier}:${server}`) return undefined
  const { receivedLsn: _old, ...rest } = last
  const receivedLsn = receivedText ? parseLsn(receivedText) : undefined
  return {
    ...rest,
    lsn: kind === 'inserted' ? withoutPageHeader(lsn) : lsn,
    ...(receivedLsn === undefined ? {} : { receivedLsn }),
    sentAtMs,
    receivedAtMs,
  }
}
