import type { Unfinished } from '../consistency/unshown.ts'
import type { ProbeRow } from '../topology/probe.ts'
import { PLAIN, type Wording } from '../topology/wording.ts'

/** A query over the connection of a node's probes. All columns of its result are text. */
export interface NodeQuery {
  readonly text: string
  readonly values?: readonly string[]
}

/**
 * Reads the unfinished transactions of a primary with what they do. Each holds a lock on its own id until other
 * sessions see it as committed. A backend that is idle in a transaction is not about to commit and is left out.
 * `pg_stat_activity` shows that state only for the same role, or with the rights of `pg_monitor`. The same holds for
 * the statement's age and its wait event.
 */
export function unfinished({ isStandby }: Wording): NodeQuery {
  return {
    text: `select
  case when ${isStandby} then 'replica' else 'primary' end,
  pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text,
  (select pg_catalog.string_agg(pg_catalog.concat_ws(',', l.transactionid::pg_catalog.text,
      coalesce(a.wait_event operator(pg_catalog.=) 'SyncRep', false)::int,
      pg_catalog.ceil(1000 operator(pg_catalog.*) extract(epoch from
        pg_catalog.clock_timestamp() operator(pg_catalog.-) a.query_start))), ' ')
    from pg_catalog.pg_locks as l left join pg_catalog.pg_stat_activity as a on a.pid operator(pg_catalog.=) l.pid
    where l.locktype operator(pg_catalog.=) 'transactionid' and l.mode operator(pg_catalog.=) 'ExclusiveLock'
      and l.granted and coalesce(a.state, '') operator(pg_catalog.!~~) 'idle in transaction%')`,
  }
}

/** The question to a primary that refuses nothing. */
export const UNFINISHED: NodeQuery = unfinished(PLAIN)

/**
 * Reads which of these transactions a replica shows as committed. Only ids below its snapshot's xmax are checked:
 * asking for a later one is an error.
 */
export function committedAmong(transactions: Iterable<string>): NodeQuery {
  const text = `select pg_catalog.string_agg(id::pg_catalog.text, ' ')
from pg_catalog.unnest($1::pg_catalog.text::bigint[]) as id
where case
  when id operator(pg_catalog.<)
    pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::bigint
  then pg_catalog.pg_xact_status(id::pg_catalog.text::pg_catalog.xid8) operator(pg_catalog.=) 'committed'
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
