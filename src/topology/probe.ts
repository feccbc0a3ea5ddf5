import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'

/** Tells this start of this server from every other of the same cluster. */
export const SERVER_SQL: string = `extract(epoch from pg_postmaster_start_time())::text || ':' || current_setting('port')`

/**
 * Asks a node everything that one probe wants to know, in one round trip and with no more rights than any role has. All
 * columns are text, so that no type parser of the application can change them.
 *
 * On a primary the position is the flush position: a synchronous commit is flushed before it returns, while the insert
 * position also holds other backends' unflushed WAL, which replicas do not get for long. Only where commits may return
 * before they are flushed is it the insert position.
 *
 * A replica's timeline is the newest that its control file or its WAL receiver knows. Without the rights of `pg_monitor`
 * the receiver says nothing, and the control file hears of a promotion with the next restart point.
 *
 * Whether transactions are read-only is what the probe's own session has by default. It logs in as the application does,
 * so a setting of the role or the database is one that the application's writes meet as well.
 *
 * The role is read once: a promotion in the middle would mix the answers of both.
 *
 * The last column, as of the shorter questions, is the process that answers.
 */
export const PROBE_SQL: string = `select
  case when is_standby then 'replica' else 'primary' end,
  (select system_identifier::text from pg_control_system()),
  ${SERVER_SQL},
  case
    when is_standby then 'replayed'
    when current_setting('synchronous_commit') = 'off' then 'inserted'
    else 'flushed'
  end,
  case
    when is_standby then pg_last_wal_replay_lsn()
    when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn()
    else pg_current_wal_flush_lsn()
  end::text,
  case
    when is_standby then greatest(
      (select timeline_id from pg_control_checkpoint()),
      (select min_recovery_end_timeline from pg_control_recovery()),
      (select received_tli from pg_stat_wal_receiver)
    )::text
    else left(pg_walfile_name(pg_current_wal_lsn()), 8)
  end,
  case when is_standby then pg_last_wal_receive_lsn() end::text,
  case when not is_standby then current_setting('default_transaction_read_only') end,
  current_database() || ' ' || session_user,
  pg_backend_pid()::text
from (select pg_is_in_recovery() as is_standby offset 0) as self`

export type ProbeRow = readonly (string | null)[]

/** Reads the answer to `PROBE_SQL`. Throws when it is not one. */
export function readProbe(row: ProbeRow | undefined, sentAtMs: number, receivedAtMs: number): Observation {
  const [role, systemIdentifier, server, position, lsnText, timelineText, receivedText, readOnly, login] =
    row ?? []
  if ((role !== 'primary' && role !== 'replica') || !systemIdentifier || !server) {
    throw new Error('The server gave no usable answer to a probe')
  }
  const lsn = lsnText ? parseLsn(lsnText) : undefined
  const receivedLsn = receivedText ? parseLsn(receivedText) : undefined
  // A primary gives it as the first eight hexadecimal digits of a file's name.
  const timeline = Number.parseInt(timelineText ?? '', role === 'primary' ? 16 : 10)
  return {
    role,
    systemIdentifier,
    serverIdentity: `${systemIdentifier}:${server}`,
    sentAtMs,
    receivedAtMs,
    ...(Number.isNaN(timeline) ? {} : { timeline }),
    ...(lsn === undefined ? {} : { lsn: position === 'inserted' ? withoutPageHeader(lsn) : lsn }),
    ...(receivedLsn === undefined ? {} : { receivedLsn }),
    ...(readOnly ? { isReadOnly: readOnly === 'on' } : {}),
    ...(login ? { login } : {}),
  }
}
