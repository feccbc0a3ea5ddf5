import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'
import { SERVER_SQL, type ProbeRow } from './probe.ts'

/**
 * Asks a node how far it is, at little cost: for those who wait for a position. The rest of a probe's answer is as it was,
 * unless the role has changed, or another server answers: a pooler in between may have been pointed to one.
 */
export const PROGRESS_SQL: string = `select
  case when pg_is_in_recovery() then 'replica' else 'primary' end,
  case
    when pg_is_in_recovery() then pg_last_wal_replay_lsn()
    when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn()
    else pg_current_wal_flush_lsn()
  end::text,
  case when not pg_is_in_recovery() and current_setting('synchronous_commit') = 'off' then 'inserted' end,
  ${SERVER_SQL},
  pg_backend_pid()::text`

/**
 * Asks a primary for its insert position: where commits may be acknowledged before they are flushed, no other is behind
 * them all. Nothing on a standby.
 */
export const INSERTED_SQL: string = `select
  case when pg_is_in_recovery() then 'replica' else 'primary' end,
  case when not pg_is_in_recovery() then pg_current_wal_insert_lsn() end::text,
  'inserted',
  ${SERVER_SQL}`

/**
 * The observation that goes on from `last`, which was made over the same connection. `undefined` when more than the
 * position has changed.
 */
export function readProgress(
  row: ProbeRow | undefined,
  last: Observation,
  sentAtMs: number,
  receivedAtMs: number,
): Observation | undefined {
  const [role, lsnText, kind, server] = row ?? []
  const lsn = lsnText ? parseLsn(lsnText) : undefined
  if (role !== last.role || lsn === undefined) return undefined
  if (last.serverIdentity !== `${last.systemIdentifier}:${server}`) return undefined
  return { ...last, lsn: kind === 'inserted' ? withoutPageHeader(lsn) : lsn, sentAtMs, receivedAtMs }
}
