import type { Unfinished } from '../consistency/unshown.ts'
import type { ProbeRow } from '../topology/probe.ts'
import { PLAIN, type Wording } from '../topology/wording.ts'

/** A query over the connection of a node's probes. All columns of its result are text. */
export interface NodeQuery {
  readonly text: string
  readonly values?: readonly string[]
}

/**
 * Reads the unfinished transactions of a primary with what they do: each holds a lock on its own id until other sessions see it as
 * committed. A backend that is idle in a transaction is not about to commit and is left out, as far as
 * `pg_stat_activity` shows its state: for the same role, or with the rights of `pg_monitor`. The same holds for the
 * statement's age and its wait event.
 */
export function unfinished({ isStandby }: Wording): NodeQuery {
  return {
    text: `select
  case when ${isStandby} then 'replica' else 'primary' end,
  pg_snapshot_xmax(pg_current_snapshot())::text,
  (select string_agg(concat_ws(',', transactionid::text, coalesce(wait_event = 'SyncRep', false)::int,
      ceil(1000 * extract(epoch from clock_timestamp() - query_start))), ' ')
    from pg_locks left join pg_stat_activity using (pid)
    where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted
      and coalesce(state, '') not like 'idle in transaction%')`,
  }
}

/** The question to a primary that refuses nothing. */
export const UNFINISHED: NodeQuery = unfinished(PLAIN)

/**
 * Reads which of these transactions a replica shows as committed. Only ids below its snapshot's xmax are checked:
 * asking for a later one is an error.
 */
export function committedAmong(transactions: Iterable<string>): NodeQuery {
  const text = `select string_agg(id::text, ' ')
from unnest($1::text::bigint[]) as id
where case
  when id < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  then pg_xact_status(id::text::xid8) = 'committed'
end`
  return { text, values: [`{${[...transactions].join(',')}}`] }
}

/** Parses the answer to `unfinished`. `undefined` unless a primary gave it. */
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

/** Parses the answer to `committedAmong`. */
export function readCommitted(row: ProbeRow | undefined): ReadonlySet<string> | undefined {
  return row === undefined ? undefined : new Set(wordsOf(row[0]))
}

function wordsOf(text: string | null | undefined): readonly string[] {
  return text ? text.split(' ') : []
}

const EPOCH = 1n << 32n

/**
 * Completes the 32-bit transaction id of a lock to 64 bits. Ids in progress lie within half the range of the next id.
 */
function withEpoch(id: bigint, near: bigint): bigint {
  const full = (near & ~(EPOCH - 1n)) | id
  if (full - near > EPOCH / 2n) return full - EPOCH
  return near - full > EPOCH / 2n ? full + EPOCH : full
}
