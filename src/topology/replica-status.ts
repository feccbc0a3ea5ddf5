/** SQL for all rows of `aurora_replica_status()` as JSON, with their age where they tell when they were updated. */
export const REPLICA_STATUS = `(select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(s) operator(pg_catalog.||) pg_catalog.jsonb_build_object('age_in_msec',
      1000 operator(pg_catalog.*) extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-)
      (pg_catalog.to_jsonb(s) operator(pg_catalog.->>) 'last_update_timestamp')::pg_catalog.timestamptz)))::pg_catalog.text
    from pg_catalog.aurora_replica_status() as s)`

/** `session_id` of the writer in the rows of `aurora_replica_status()`. */
const WRITER = 'MASTER_SESSION_ID'

/** A row of a reader that is older than this may belong to an instance that is gone, in milliseconds. */
const GONE_AFTER_MS = 300_000

/** One instance of a cluster, as `aurora_replica_status()` shows it. */
export interface InstanceStatus {
  readonly serverId: string
  readonly isWriter: boolean
  /** Its lag, in milliseconds. Absent when it is not told. */
  readonly lagMs?: number
  /** Age of the row, in milliseconds. Absent when it does not tell when it was updated. */
  readonly ageMs?: number
}

/** Parses the rows of `aurora_replica_status()` as JSON. Leaves out rows without a server. */
export function readReplicaStatus(text: string | null | undefined): readonly InstanceStatus[] {
  const rows = parse(text)
  return Array.isArray(rows) ? rows.flatMap(instanceOf) : []
}

/** Whether an instance is still there. The writer always is: nothing says that its row is kept up to date. */
export function isThere({ ageMs = 0, isWriter }: InstanceStatus): boolean {
  return isWriter || ageMs <= GONE_AFTER_MS
}

/**
 * The lag that a reader states for itself, in milliseconds. When it was queried, everything committed that long before
 * is visible there, except for the time by which the rows are late. If it does not tell which row is its own, it is
 * that of the slowest one of a reader, however old. `undefined` when any value that counts is missing.
 *
 * @param instance The reader's `server_id`, if it tells it
 */
export function statedLagMs(
  instances: readonly InstanceStatus[],
  instance: string | null | undefined,
  role: 'primary' | 'replica',
): number | undefined {
  if (role !== 'replica') return undefined
  const own = instances.filter(({ serverId }) => serverId === instance)
  // A promotion is in progress.
  if (own.some(({ isWriter }) => isWriter)) return undefined
  const counting = instance ? own : instances.filter(({ isWriter }) => !isWriter)
  const lags = counting.map(({ ageMs = 0, lagMs = NaN }) => lagMs + ageMs)
  const longest = lags.length === 0 ? NaN : Math.max(...lags)
  return Number.isNaN(longest) ? undefined : longest
}

function instanceOf(row: unknown): readonly InstanceStatus[] {
  if (row === null || typeof row !== 'object') return []
  const { server_id, session_id, replica_lag_in_msec, age_in_msec } = row as Readonly<Record<string, unknown>>
  if (typeof server_id !== 'string' || server_id === '') return []
  const lagMs = numberOf(replica_lag_in_msec)
  const ageMs = numberOf(age_in_msec)
  return [
    {
      serverId: server_id,
      isWriter: session_id === WRITER,
      // A negative lag is no lag.
      ...(lagMs === undefined || lagMs < 0 ? {} : { lagMs }),
      // A negative age comes of two clocks.
      ...(ageMs === undefined ? {} : { ageMs: Math.max(0, ageMs) }),
    },
  ]
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function parse(text: string | null | undefined): unknown {
  try {
    return text ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}
