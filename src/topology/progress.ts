import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'
import { INSERTED_SQL, insertedAt, SELF_SQL, SERVER_SQL, type ProbeRow } from './probe.ts'

/**
 * Reads a node's position at little cost, for reads that wait for a position. The rest of the last observation stays
 * valid, unless the role has changed or another server answers: a pooler in between may have switched to one.
 */
export const PROGRESS_SQL: string = progressSql('')

/** Like `PROGRESS_SQL`, with the insert position of a primary. */
export const UNFLUSHED_PROGRESS_SQL: string = progressSql(INSERTED_SQL)

function progressSql(inserted: string): string {
  return `select
  case when is_standby then 'replica' else 'primary' end,
  case
    when is_standby then pg_last_wal_replay_lsn()
    when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn()
    else pg_current_wal_flush_lsn()
  end::text,
  case when not is_standby and current_setting('synchronous_commit') = 'off' then 'inserted' end,
  ${SERVER_SQL},
  case when streams then pg_last_wal_receive_lsn() end::text,
  pg_backend_pid()::text${inserted}
from ${SELF_SQL}`
}

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
  const [role, lsnText, kind, server, receivedText, _pid, insertedText] = row ?? []
  const lsn = lsnText ? parseLsn(lsnText) : undefined
  if (role !== last.role || lsn === undefined) return undefined
  if (last.serverIdentity !== `${last.systemIdentifier}:${server}`) return undefined
  const { insertedLsn: _inserted, receivedLsn: _received, ...rest } = last
  const receivedLsn = receivedText ? parseLsn(receivedText) : undefined
  return {
    ...rest,
    lsn: kind === 'inserted' ? withoutPageHeader(lsn) : lsn,
    ...(receivedLsn === undefined ? {} : { receivedLsn }),
    ...insertedAt(insertedText),
    sentAtMs,
    receivedAtMs,
  }
}
