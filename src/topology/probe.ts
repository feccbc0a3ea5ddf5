import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'
import { readReplicaStatus, statedLagMs } from './replica-status.ts'
import { asksElsewhere, asksForInserted, coveringCommits, PLAIN, selfSql, type Wording } from './wording.ts'

/** Begins the identity of a server that does not tell when it was started. A restart of it is not noticed. */
const UNTOLD_START = 'at '

/**
 * Reads everything that a probe needs in one round trip, with the privileges that every role has. All columns are text,
 * so that no type parser of the application can change them.
 *
 * On a primary the position is the flush position. A synchronous commit is flushed before it returns. The insert
 * position also includes other backends' unflushed WAL, which replicas may get much later. With `synchronous_commit =
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
 * A replica's received position is reported only while its WAL receiver runs, which is checked before both positions
 * are read. Otherwise it may be replaying WAL from an archive, which it has not received.
 *
 * With `synchronous_standby_names` commits wait for standbys, and replicas may show them before the primary does. The
 * eighth column tells both.
 *
 * The ninth column is the login. The database's OID tells it from a former one of the same name.
 *
 * The tenth column is the process ID of the backend that answers. The next one is the insert position of a primary if
 * that was requested. The last two are the status of the replicas, where the wording asks for it.
 *
 * @param isUnflushed Whether commits may be acknowledged before they are flushed
 */
export function probeSql(wording: Wording, isUnflushed: boolean): string {
  return wording === PLAIN ? PLAIN_PROBES[isUnflushed ? 1 : 0] : probeText(wording, isUnflushed)
}

function probeText(asked: Wording, isUnflushed: boolean): string {
  const wording = coveringCommits(asked, isUnflushed)
  return `select
  case when is_standby then 'replica' else 'primary' end,
  ${wording.systemIdentifier},
  ${wording.server},
  case
    when is_standby then 'replayed'
    when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off' then 'inserted'
    else '${asksForInserted(wording) ? 'inserted' : 'flushed'}'
  end,
  ${positionSql(wording)},
  case
    when is_standby then greatest(
      ${wording.timelineOfCheckpoint},
      ${wording.timelineOfRecovery},
      ${wording.timelineOfReceiver}
    )::pg_catalog.text
    else ${wording.timelineOfFile}
  end,
  case when streams then ${wording.receivedLsn} end::pg_catalog.text,
  case when not is_standby then pg_catalog.concat_ws(' ', pg_catalog.current_setting('default_transaction_read_only'),
    case when pg_catalog.current_setting('synchronous_standby_names', true) operator(pg_catalog.<>) '' then 'waits' end) end,
  pg_catalog.concat_ws(' ', ${wording.databaseId}, pg_catalog.current_database(), session_user),
  pg_catalog.pg_backend_pid()::pg_catalog.text${insertedSql(wording, isUnflushed)}
from ${selfSql(wording)}`
}

/** Returns the column for a node's position. */
export function positionSql(wording: Wording): string {
  return `case
    when is_standby then ${wording.replayedLsn}
    when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off' then ${wording.insertedLsn}
    else ${wording.flushedLsn}
  end::pg_catalog.text`
}

/**
 * Returns the last columns. One is the insert position of a primary whose commits may be acknowledged before they are
 * flushed, since all of them lie before it. The other is the status of the replicas.
 */
function insertedSql(wording: Wording, isUnflushed: boolean): string {
  const inserted = isUnflushed
    ? `case when not is_standby then ${wording.insertedLsn} end::pg_catalog.text`
    : 'null'
  if (asksElsewhere(wording)) return `, ${inserted}, ${wording.replicaStatus}, ${wording.instance}`
  return isUnflushed ? `, ${inserted}` : ''
}

const PLAIN_PROBES = [probeText(PLAIN, false), probeText(PLAIN, true)] as const

/** The probe of a server that refuses nothing. */
export const PROBE_SQL: string = PLAIN_PROBES[0]

/** Like `PROBE_SQL`, with the insert position. */
export const UNFLUSHED_PROBE_SQL: string = PLAIN_PROBES[1]

export type ProbeRow = readonly (string | null)[]

/** Index of the process ID in the answer to a probe. */
export const PROBE_PID = 9

/**
 * Reads the answer to a probe. Throws when it is not one.
 *
 * A replica proves how fresh it is by its position, or by the lag that it states. A service that can state lag
 * documents nothing about positions, so its lag alone counts, also while it states none. Without its start nothing that
 * a replica has shown is proven, since a restart may take it back.
 */
export function readProbe(
  row: ProbeRow | undefined,
  sentAtMs: number,
  receivedAtMs: number,
  wording: Wording = PLAIN,
): Observation {
  const [role, systemIdentifier, server, position, lsnText, timelineText, receivedText, ...others] = row ?? []
  const [modes, login, _pid, insertedText, statusText, instance] = others
  if ((role !== 'primary' && role !== 'replica') || !systemIdentifier || !server) {
    throw new Error('The server gave no usable answer to a probe')
  }
  const [readOnly, waits] = modes?.split(' ') ?? []
  const instances = readReplicaStatus(statusText)
  const isStartTold = !server.startsWith(UNTOLD_START)
  const tellsPosition = role === 'primary' || (isStartTold && !asksElsewhere(wording))
  const lsn = tellsPosition && lsnText ? parseLsn(lsnText) : undefined
  const receivedLsn = tellsPosition && receivedText ? parseLsn(receivedText) : undefined
  const lagMs = isStartTold ? statedLagMs(instances, instance, role) : undefined
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
    ...(waits === 'waits' ? { commitsWait: true as const } : {}),
    ...(login ? { login } : {}),
    ...(lagMs === undefined ? {} : { statedLagMs: lagMs }),
    ...(wording === PLAIN ? {} : { wording }),
  }
}

/** Returns the insert position of an observation, if it was read. */
export function insertedAt(text: string | null | undefined): Pick<Observation, 'insertedLsn'> {
  const lsn = text ? parseLsn(text) : undefined
  return lsn === undefined ? {} : { insertedLsn: withoutPageHeader(lsn) }
}
