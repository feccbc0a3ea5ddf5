import type { Unfinished } from '../consistency/unshown.ts'
import type { ProbeRow } from '../topology/probe.ts'

/** What a node is asked besides probes. All columns of the answer are text. */
export interface Question {
  readonly text: string
  readonly values?: readonly string[]
}

/**
 * Asks a primary which transactions it has not finished: each holds a lock on its own id until it is shown. A backend that is
 * between two statements of a transaction is not about to commit, and those are left out as far as one may see them: of one's
 * own role, or with the rights of `pg_monitor`. So is for how long a statement has run, and what it waits for.
 */
export const UNFINISHED: Question = {
  text: `select
  case when pg_is_in_recovery() then 'replica' else 'primary' end,
  pg_snapshot_xmax(pg_current_snapshot())::text,
  (select string_agg(concat_ws(',', transactionid::text, coalesce(wait_event = 'SyncRep', false)::int,
      ceil(1000 * extract(epoch from clock_timestamp() - query_start))), ' ')
    from pg_locks left join pg_stat_activity using (pid)
    where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted
      and coalesce(state, '') not like 'idle in transaction%')`,
}

/**
 * Asks a replica which of these transactions it shows as committed. It knows of those up to the last one that it has seen
 * the end of, and to ask for one beyond that is an error.
 */
export function committedAmong(transactions: Iterable<string>): Question {
  const text = `select string_agg(id::text, ' ')
from unnest($1::text::bigint[]) as id
where case
  when id < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  then pg_xact_status(id::text::xid8) = 'committed'
end`
  return { text, values: [`{${[...transactions].join(',')}}`] }
}

/** Reads the answer to `UNFINISHED`. `undefined` when it is none of a primary. */
export function readUnfinished(
  row: ProbeRow | undefined,
  sentAtMs: number,
): ReadonlyMap<string, Unfinished> | undefined {
  const [role, next, texts] = row ?? []
  if (role !== 'primary' || !next) return undefined
  return new Map(
    wordsOf(texts).map((text) => {
      const [id = '', isCommitted, ageMs] = text.split(',')
      const sinceMs = ageMs === undefined ? -Infinity : sentAtMs - Number(ageMs)
      return [String(withEpoch(BigInt(id), BigInt(next))), { sinceMs, isCommitted: isCommitted === '1' }]
    }),
  )
}

/** Reads the answer to `committedAmong`. */
export function readCommitted(row: ProbeRow | undefined): ReadonlySet<string> | undefined {
  return row === undefined ? undefined : new Set(wordsOf(row[0]))
}

function wordsOf(text: string | null | undefined): readonly string[] {
  return text ? text.split(' ') : []
}

const EPOCH = 1n << 32n

/** Locks know the lower half of a transaction's id only. Those in progress lie within half a turn of the present one. */
function withEpoch(id: bigint, near: bigint): bigint {
  const full = (near & ~(EPOCH - 1n)) | id
  if (full - near > EPOCH / 2n) return full - EPOCH
  return near - full > EPOCH / 2n ? full + EPOCH : full
}
