import { REPLICA_STATUS } from './replica-status.ts'

/** A part of the questions to a node that some servers refuse. */
type Refusable =
  | 'isStandby'
  | 'streams'
  | 'systemIdentifier'
  | 'server'
  | 'flushedLsn'
  | 'insertedLsn'
  | 'timelineOfFile'
  | 'replayedLsn'
  | 'receivedLsn'
  | 'timelineOfCheckpoint'
  | 'timelineOfRecovery'
  | 'timelineOfReceiver'
  | 'databaseId'

const NO_POSITION = 'null::pg_catalog.pg_lsn'
const NO_TEXT = 'null::pg_catalog.text'
const PORT = `pg_catalog.current_setting('port')`

export type Part = Refusable | 'replicaStatus' | 'instance'

/** SQL expression for each part of the questions to one node. */
export type Wording = Readonly<Record<Part, string>>

/**
 * Parts of the questions to a node that some servers refuse: managed services remove functions, or revoke them. Each
 * has alternatives in order of preference, and the last one cannot be refused.
 *
 * All names are qualified: functions of the application may have the same ones, and precede those of PostgreSQL in its
 * `search_path`.
 */
const ALTERNATIVES: Readonly<Record<Refusable, readonly [string, ...string[]]>> = {
  isStandby: ['pg_catalog.pg_is_in_recovery()', `pg_catalog.current_setting('in_hot_standby')::boolean`],
  streams: ['(pg_catalog.pg_stat_get_wal_receiver()).pid is not null', 'false'],
  systemIdentifier: [
    '(select system_identifier::pg_catalog.text from pg_catalog.pg_control_system())',
    `'0'`,
  ],
  server: [
    `pg_catalog.concat(extract(epoch from pg_catalog.pg_postmaster_start_time()), ':', ${PORT})`,
    `pg_catalog.concat('at ', coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), 'local'), ':', ${PORT})`,
    `pg_catalog.concat('at ', pg_catalog.pg_backend_pid())`,
  ],
  flushedLsn: [
    'pg_catalog.pg_current_wal_flush_lsn()',
    'pg_catalog.pg_current_wal_lsn()',
    'pg_catalog.pg_current_wal_insert_lsn()',
    NO_POSITION,
  ],
  insertedLsn: ['pg_catalog.pg_current_wal_insert_lsn()', NO_POSITION],
  timelineOfFile: [
    'pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)',
    NO_TEXT,
  ],
  replayedLsn: ['pg_catalog.pg_last_wal_replay_lsn()', NO_POSITION],
  receivedLsn: ['pg_catalog.pg_last_wal_receive_lsn()', NO_POSITION],
  timelineOfCheckpoint: ['(select timeline_id from pg_catalog.pg_control_checkpoint())', 'null::integer'],
  timelineOfRecovery: [
    '(select min_recovery_end_timeline from pg_catalog.pg_control_recovery())',
    'null::integer',
  ],
  timelineOfReceiver: ['(select received_tli from pg_catalog.pg_stat_wal_receiver)', 'null::integer'],
  databaseId: [
    '(select oid from pg_catalog.pg_database where datname operator(pg_catalog.=) pg_catalog.current_database())',
    NO_TEXT,
  ],
}

/** Parts that only exist on some services. They are requested where something else is refused. */
const ELSEWHERE: Readonly<Record<Exclude<Part, Refusable>, string>> = {
  replicaStatus: REPLICA_STATUS,
  instance: 'pg_catalog.aurora_db_instance_identifier()::pg_catalog.text',
}

/** Parts that are evaluated on a primary or on a replica alone: the other one may refuse them for that reason. */
const ROLE_OF: Readonly<Partial<Record<Part, 'primary' | 'replica'>>> = {
  flushedLsn: 'primary',
  insertedLsn: 'primary',
  timelineOfFile: 'primary',
  replayedLsn: 'replica',
  receivedLsn: 'replica',
  timelineOfCheckpoint: 'replica',
  timelineOfRecovery: 'replica',
  timelineOfReceiver: 'replica',
}

const REFUSABLE = Object.keys(ALTERNATIVES) as readonly Refusable[]

/** The wording for servers that refuse nothing. */
export const PLAIN: Wording = {
  ...(Object.fromEntries(REFUSABLE.map((part) => [part, ALTERNATIVES[part][0]])) as Record<
    Refusable,
    string
  >),
  replicaStatus: NO_TEXT,
  instance: NO_TEXT,
}

/** Whether a wording asks for the position at which new WAL is inserted in place of the flushed one. */
export function asksForInserted({ flushedLsn }: Wording): boolean {
  return flushedLsn === ALTERNATIVES.flushedLsn[2]
}

/** Whether a wording asks for what only some services have. */
export function asksElsewhere({ instance, replicaStatus }: Wording): boolean {
  return replicaStatus !== NO_TEXT || instance !== NO_TEXT
}

/**
 * Returns the wording for a server whose commits may be acknowledged before they are flushed. If it does not tell its
 * insert position, no position covers them.
 */
export function coveringCommits(wording: Wording, isUnflushed: boolean): Wording {
  const isCovered = !isUnflushed || wording.insertedLsn === PLAIN.insertedLsn
  return isCovered ? wording : { ...wording, flushedLsn: wording.insertedLsn }
}

/** Returns the row to read the role from, before the columns of the query that uses it. */
export function selfSql({ isStandby, streams }: Wording): string {
  return `(select ${isStandby} as is_standby,
  ${streams} as streams offset 0) as self`
}

/**
 * Finds the best wording that a server accepts. Each alternative is tried by itself, since one refused function fails
 * a whole query.
 *
 * @param accepts Runs a query on the server. Resolves with false when the server refuses it
 */
export async function findWording(accepts: (sql: string) => Promise<boolean>): Promise<Wording> {
  let wording = PLAIN
  for (const part of REFUSABLE) {
    const [...alternatives] = ALTERNATIVES[part]
    const last = alternatives.pop()
    for (const sql of alternatives) {
      wording = { ...wording, [part]: sql }
      if (await accepts(trialOf(part, wording))) break
      wording = { ...wording, [part]: last }
    }
  }
  if (REFUSABLE.every((part) => wording[part] === PLAIN[part])) return PLAIN
  for (const [part, sql] of Object.entries(ELSEWHERE) as readonly (readonly [Part, string])[]) {
    const tried = { ...wording, [part]: sql }
    if (await accepts(trialOf(part, tried))) wording = tried
  }
  return wording
}

function trialOf(part: Part, wording: Wording): string {
  const role = ROLE_OF[part]
  const isSelf = part === 'isStandby' || part === 'streams'
  const self = selfSql(isSelf && part === 'isStandby' ? { ...wording, streams: 'false' } : wording)
  if (isSelf) return `select is_standby::pg_catalog.text, streams::pg_catalog.text from ${self}`
  if (role === undefined) return `select (${wording[part]})::pg_catalog.text from ${self}`
  const isOfRole = role === 'replica' ? 'is_standby' : 'not is_standby'
  return `select case when ${isOfRole} then (${wording[part]})::pg_catalog.text end from ${self}`
}

/**
 * SQLSTATE classes of a refusal. The cause is an unsupported feature, a missing privilege or object, a wrong state of
 * the server, or an error raised by a function.
 */
const REFUSALS = /^(?:0A|42|55|P0)/
/** lock_not_available is a timeout. */
const LOCK_NOT_AVAILABLE = '55P03'

/** Whether a healthy server has refused a question by this error. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code: unknown = Reflect.get(error, 'code')
  const severity: unknown = Reflect.get(error, 'severity')
  return (
    typeof code === 'string' && severity !== 'FATAL' && REFUSALS.test(code) && code !== LOCK_NOT_AVAILABLE
  )
}
