import type { ProbeRow } from './probe.ts'
import { PLAIN, type Wording } from './wording.ts'

/**
 * Reads which transactions a primary has in progress: commits that a new snapshot does not see. Cheap, but it does not
 * say what they do.
 *
 * A snapshot lists those below its xmax, which follows the last transaction that has ended. Those beyond it are counted
 * by `age()`, which counts from the next transaction id.
 */
export function inProgressSql(wording: Wording): string {
  return wording === PLAIN ? IN_PROGRESS_SQL : inProgressText(wording)
}

function inProgressText({ isStandby, server }: Wording): string {
  return `select
  case when ${isStandby} then 'replica' else 'primary' end,
  (select pg_catalog.string_agg(id::pg_catalog.text, ' ') from pg_catalog.pg_snapshot_xip(pg_catalog.pg_current_snapshot()) as id),
  pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text,
  pg_catalog.age(pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.xid)::pg_catalog.text,
  ${server}`
}

/** The question to a primary that refuses nothing. */
export const IN_PROGRESS_SQL: string = inProgressText(PLAIN)

/** More transactions beyond the snapshot are not listed. */
const MOST_BEYOND = 1000

/** Transactions that a primary had in progress, and others that had just begun or were parts of them. */
export interface InProgress {
  readonly ids: readonly string[]
  /** Identifies one start of the primary among the servers of its cluster. */
  readonly server: string
}

/** Parses the answer to `IN_PROGRESS_SQL`. `undefined` unless a primary gave it, and if there are very many. */
export function readInProgress(row: ProbeRow | undefined): InProgress | undefined {
  const [role, within, xmax, age, server] = row ?? []
  if (role !== 'primary' || !xmax || !age || !server) return undefined
  const beyond = Number(age)
  if (!(beyond >= 0 && beyond <= MOST_BEYOND)) return undefined
  const first = BigInt(xmax)
  const ids = Array.from({ length: beyond }, (_, index) => String(first + BigInt(index)))
  return { ids: within ? [...within.split(' '), ...ids] : ids, server }
}
