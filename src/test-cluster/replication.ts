import { SwitchyardError } from '../errors/error.ts'
import type { NodeConfig, Server } from './server.ts'
import type { Query } from './sql.ts'
import { queryOnce, withConnection } from './sql.ts'
import { until } from './wait.ts'

/** Returns the position that a standby has to replay to show everything committed on `primary` before the call. */
export function commitFloor(primary: NodeConfig): Promise<string> {
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

export type ReplayState = 'paused' | 'replaying' | 'none'

/** Returns the state of a node's replay; `none` for a primary. */
export function replayState(config: NodeConfig): Promise<ReplayState> {
  return withConnection(config, askReplayState)
}

/**
 * Resolves when a node has replayed up to `floor`; at once for a primary.
 *
 * @throws SwitchyardError SWITCHYARD_TEST_CLUSTER at once when its replay is paused, otherwise after `timeoutMs`.
 */
export function untilReplayed(
  name: string,
  config: NodeConfig,
  floor: Promise<string>,
  timeoutMs: number,
): Promise<void> {
  return withConnection(config, async (query) => {
    const state = await askReplayState(query)
    if (state === 'none') return
    if (state === 'paused') {
      throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${name} cannot catch up: its replay is paused`)
    }
    const lsn = await floor
    await until(`${name} to replay up to ${lsn}`, timeoutMs, async () => {
      const [row] = await query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS reached', [lsn])
      return row?.['reached'] === 't' || undefined
    })
  })
}

async function askReplayState(query: Query): Promise<ReplayState> {
  const [server] = await query(
    `SELECT pg_is_in_recovery() AS is_standby, current_setting('server_version_num')::int < 140000 AS is_old`,
  )
  if (server?.['is_standby'] !== 't') return 'none'
  // PostgreSQL 13 only tells that a pause was requested, and replays nothing after the record that it is replaying.
  const isPaused =
    server['is_old'] === 't' ? 'pg_is_wal_replay_paused()' : `pg_get_wal_replay_pause_state() = 'paused'`
  const [replay] = await query(`SELECT CASE WHEN pg_is_in_recovery() THEN ${isPaused} END AS is_paused`)
  const state = replay?.['is_paused'] ?? 'none'
  if (state === 'none') return 'none'
  return state === 't' ? 'paused' : 'replaying'
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

/** Promotes a standby. Resolves when it takes writes. */
export async function promote(name: string, standby: NodeConfig, timeoutMs: number): Promise<void> {
  const [row] = await queryOnce(standby, 'SELECT pg_promote(true, $1) AS done', [Math.ceil(timeoutMs / 1000)])
  if (row?.['done'] === 't') return
  throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${name} was not promoted within ${timeoutMs} ms`)
}

/** Whether `standby` has received WAL that `candidate` has not, so that it cannot follow it. */
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

// WAL that was replayed from files after a restart does not count as received.
const RECEIVED = `greatest(coalesce(pg_last_wal_receive_lsn(), '0/0'), pg_last_wal_replay_lsn())`

/** Makes the running `standby` follow `primary`. */
export async function follow(standby: Server, primary: Server): Promise<void> {
  await withConnection(standby.config, async (query) => {
    await query(`ALTER SYSTEM SET primary_conninfo = '${connectionInfo(standby, primary)}'`)
    await query('SELECT pg_reload_conf()')
  })
}

/**
 * Returns the `primary_conninfo` with which `standby` follows `primary`. It needs no quoting inside a literal. The
 * password is passed in the environment, because servers log this setting.
 */
export function connectionInfo(standby: Server, primary: Server): string {
  const { host, port } = primary.address
  return `host=${host} port=${port} user=${primary.config.user} application_name=${standby.name}`
}
