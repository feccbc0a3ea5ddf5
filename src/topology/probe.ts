import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'

/** Identifies one start of one server within its cluster. */
export const SERVER_SQL: string = `extract(epoch from pg_postmaster_start_time())::text || ':' || current_setting('port')`

/** Reads the role, and whether a WAL receiver runs, before the columns of the query that uses it. */
export const SELF_SQL: string = `(select pg_is_in_recovery() as is_standby,
  (pg_stat_get_wal_receiver()).pid is not null as streams offset 0) as self`

/**
 * Reads everything that a probe needs in one round trip, with the privileges that every role has. All columns are text,
 * so that no type parser of the application can change them.
 *
 * On a primary the position is the flush position: a synchronous commit is flushed before it returns, while the insert
 * position also holds other backends' unflushed WAL, which replicas do not get for long. With `synchronous_commit =
 * off` commits return before they are flushed, so the insert position is used.
 *
 * A replica's timeline is the newest that its control file or its WAL receiver has. Without membership in `pg_monitor`
 * the receiver's columns are null, and the control file learns of a promotion only at the next restart point.
 *
 * `default_transaction_read_only` is read in the probe's own session. It logs in with the application's role, so
 * settings of the role and the database apply to it as they do to the application.
 *
 * The role is read once: a promotion in the middle would mix the answers of both.
 *
 * A replica's received position is reported only while its WAL receiver runs, which is checked before both positions are
 * read: otherwise it may be replaying WAL from an archive, which it has not received.
 *
 * The tenth column is the process ID of the backend that answers.
 */
export const PROBE_SQL: string = probeSql('')

/** Last column for a primary whose commits may be acknowledged before they are flushed: all lie before its insert position. */
export const INSERTED_SQL = ', case when not is_standby then pg_current_wal_insert_lsn() end::text'

/** Like `PROBE_SQL`, with the insert position. */
export const UNFLUSHED_PROBE_SQL: string = probeSql(INSERTED_SQL)

function probeSql(inserted: string): string {
  return `select
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
  case when streams then pg_last_wal_receive_lsn() end::text,
  case when not is_standby then current_setting('default_transaction_read_only') end,
  current_database() || ' ' || session_user,
  pg_backend_pid()::text${inserted}
from ${SELF_SQL}`
}

export type ProbeRow = readonly (string | null)[]

/** Reads the answer to `PROBE_SQL`. Throws when it is not one. */
export function readProbe(row: ProbeRow | undefined, sentAtMs: number, receivedAtMs: number): Observation {
  const [role, systemIdentifier, server, position, lsnText, timelineText, receivedText, ...others] = row ?? []
  const [readOnly, login, _pid, insertedText] = others
  if ((role !== 'primary' && role !== 'replica') || !systemIdentifier || !server) {
    throw new Error('The server gave no usable answer to a probe')
  }
  const lsn = lsnText ? parseLsn(lsnText) : undefined
  const receivedLsn = receivedText ? parseLsn(receivedText) : undefined
  // On a primary the timeline is the first eight hexadecimal digits of a WAL file name.
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
    ...insertedAt(insertedText),
    ...(readOnly ? { isReadOnly: readOnly === 'on' } : {}),
    ...(login ? { login } : {}),
  }
}

/** Returns the insert position of an observation, if it was read. */
export function insertedAt(text: string | null | undefined): Pick<Observation, 'insertedLsn'> {
  const lsn = text ? parseLsn(text) : undefined
  return lsn === undefined ? {} : { insertedLsn: withoutPageHeader(lsn) }
}
