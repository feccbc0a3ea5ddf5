import { parseLsn, withoutPageHeader } from './lsn.ts'
import type { Observation } from './node.ts'
import { insertedAt, positionSql, type ProbeRow } from './probe.ts'
import { asksForInserted, coveringCommits, PLAIN, selfSql, type Wording } from './wording.ts'

/**
 * Reads a node's position at little cost, for reads that wait for a position. The rest of the last observation stays
 * valid, unless the role or a replica's timeline has changed, or another server answers. A pooler in between may have
 * switched to one.
 *
 * @param isUnflushed Whether commits may be acknowledged before they are flushed
 */
export function progressSql(wording: Wording, isUnflushed: boolean): string {
  return wording === PLAIN ? PLAIN_QUESTIONS[isUnflushed ? 1 : 0] : progressText(wording, isUnflushed)
}

function progressText(asked: Wording, isUnflushed: boolean): string {
  const wording = coveringCommits(asked, isUnflushed)
  const inserted = isUnflushed
    ? `, case when not is_standby then ${wording.insertedLsn} end::pg_catalog.text`
    : ''
  const isInserted = asksForInserted(wording)
  return `select
  case when is_standby then 'replica' else 'primary' end,
  ${positionSql(wording)},
  case when not is_standby${isInserted ? '' : ` and pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'`} then 'inserted' end,
  ${wording.server},
  case when streams then ${wording.receivedLsn} end::pg_catalog.text,
  pg_catalog.pg_backend_pid()::pg_catalog.text,
  case when is_standby then ${wording.timelineOfReceiver} end::pg_catalog.text${inserted}
from ${selfSql(wording)}`
}

const PLAIN_QUESTIONS = [progressText(PLAIN, false), progressText(PLAIN, true)] as const

/** The question to a server that refuses nothing. */
export const PROGRESS_SQL: string = PLAIN_QUESTIONS[0]

/** Like `PROGRESS_SQL`, with the insert position of a primary. */
export const UNFLUSHED_PROGRESS_SQL: string = PLAIN_QUESTIONS[1]

/** Index of the process ID in the answer to `progressSql`. */
export const PROGRESS_PID = 5

/** Whether a node's freshness follows from its position alone, so that a question for that is enough. */
export function isToldByPosition({ lsn, role }: Observation): boolean {
  return role === 'primary' || lsn !== undefined
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
  const [role, lsnText, kind, server, receivedText, _pid, timelineText, insertedText] = row ?? []
  const lsn = lsnText ? parseLsn(lsnText) : undefined
  if (role !== last.role || lsn === undefined) return undefined
  if (last.serverIdentity !== `${last.systemIdentifier}:${server}`) return undefined
  // It follows another primary now.
  if (timelineText && last.timeline !== undefined && Number(timelineText) > last.timeline) return undefined
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
