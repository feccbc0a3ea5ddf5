import type { NodeConfig } from './server.ts'
import { queryOnce, withConnection } from './sql.ts'
import { until } from './wait.ts'

/** The position that a standby has to replay to show everything committed on `primary` before the call. */
export function commitFence(primary: NodeConfig): Promise<string> {
  return withConnection(primary, async (query) => {
    // Asynchronous commits may not be flushed yet, and only flushed WAL reaches a replica: a small commit flushes it.
    await query(`SET synchronous_commit = 'local'`)
    await query(
      `SELECT pg_logical_emit_message(true, 'pg-switchyard', '')
       WHERE pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()`,
    )
    const [row] = await query('SELECT pg_current_wal_flush_lsn() AS lsn')
    return row?.['lsn'] ?? '0/0'
  })
}

export async function isStandby(config: NodeConfig): Promise<boolean> {
  const [row] = await queryOnce(config, 'SELECT pg_is_in_recovery() AS standby')
  return row?.['standby'] === 't'
}

export async function replayIsPaused(config: NodeConfig): Promise<boolean> {
  const [row] = await queryOnce(config, `SELECT pg_get_wal_replay_pause_state() = 'paused' AS paused`)
  return row?.['paused'] === 't'
}

/** Resolves when the standby `name` has replayed up to `lsn`. */
export function untilReplayed(
  name: string,
  config: NodeConfig,
  lsn: string,
  timeoutMs: number,
): Promise<void> {
  return withConnection(config, (query) =>
    until(`${name} to replay up to ${lsn}`, timeoutMs, async () => {
      const [row] = await query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS reached', [lsn])
      return row?.['reached'] === 't' || undefined
    }),
  ).then(() => undefined)
}

/** Resolves when all the standbys `names` stream from `primary`. */
export function untilStreaming(
  primary: NodeConfig,
  names: readonly string[],
  timeoutMs: number,
): Promise<void> {
  return withConnection(primary, (query) =>
    until(`${names.join(', ')} to stream from port ${primary.port}`, timeoutMs, async () => {
      const rows = await query(`SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'`)
      const streaming = new Set(rows.map((row) => row['application_name']))
      return names.every((name) => streaming.has(name)) || undefined
    }),
  ).then(() => undefined)
}

/** True when `standby` has received WAL that `candidate` has not, so that it cannot follow it. */
export async function isAhead(standby: NodeConfig, candidate: NodeConfig): Promise<boolean> {
  const [row] = await queryOnce(standby, `SELECT ${RECEIVED} > $1::pg_lsn AS ahead`, [
    await receivedLsn(candidate),
  ])
  return row?.['ahead'] === 't'
}

async function receivedLsn(standby: NodeConfig): Promise<string> {
  const [row] = await queryOnce(standby, `SELECT ${RECEIVED} AS lsn`)
  return row?.['lsn'] ?? '0/0'
}

// What was replayed from files after a restart does not count as received.
const RECEIVED = `greatest(coalesce(pg_last_wal_receive_lsn(), '0/0'), pg_last_wal_replay_lsn())`

/** Points a running standby at another primary. */
export async function follow(name: string, standby: NodeConfig, primary: NodeConfig): Promise<void> {
  await withConnection(standby, async (query) => {
    await query(`ALTER SYSTEM SET primary_conninfo = '${connectionInfo(name, primary)}'`)
    await query('SELECT pg_reload_conf()')
  })
}

/** The `primary_conninfo` with which the standby `name` follows `primary`; needs no quoting inside a literal. */
export function connectionInfo(name: string, { host, port, user, password }: NodeConfig): string {
  return `host=${host} port=${port} user=${user} password=${password} application_name=${name}`
}
