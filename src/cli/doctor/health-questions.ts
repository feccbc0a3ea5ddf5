import type { Client } from 'pg'
import { normalised } from '../normalised.ts'
import { statementStatistics } from '../statement-statistics.ts'
import type { Activity, Answer, DatabaseStatistics, SlowStatement } from './facts.ts'
import { answer, ask, attempt, jsonRows } from './question.ts'

const MOST_ROWS = 20

/** Statements that run for long, and transactions that do nothing for long. */
export async function activity(
  client: Client,
  slowMs: number,
  mayMonitor: boolean,
): Promise<Answer<readonly Activity[]>> {
  if (!mayMonitor) return { unknown: 'the login is no member of pg_monitor' }
  const sql = `SELECT json_build_object('pid', pid, 'user', usename, 'text', query, 'seconds', seconds,
    'state', CASE state WHEN 'active' THEN state ELSE 'idle in transaction' END)
  FROM (
    SELECT *, extract(epoch FROM clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE state_change END) AS seconds
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
      AND state IN ('active', 'idle in transaction', 'idle in transaction (aborted)')
  ) a
  WHERE seconds * 1000 > ${slowMs} ORDER BY seconds DESC LIMIT ${MOST_ROWS}`
  return answer(client, sql, (rows) =>
    (jsonRows(rows) as readonly Activity[]).map((row) => ({ ...row, text: normalised(row.text) })),
  )
}

/** Statements that are slow on average. Undefined where nothing counts them. */
export async function slowStatements(
  client: Client,
  slowMs: number,
  mayMonitor: boolean,
): Promise<Answer<readonly SlowStatement[]> | undefined> {
  const extension = await attempt(() => ask(client, EXTENSION_SQL))
  if ('unknown' in extension) return extension
  const schema = extension.known[0]?.[0]
  if (schema === undefined || schema === null) return undefined
  if (!mayMonitor) return { unknown: 'the login is no member of pg_monitor' }
  const sql = `SELECT json_build_object('text', query, 'calls', calls, 'meanMs', mean_exec_time)
  FROM ${statementStatistics(schema)} s
  WHERE mean_exec_time > ${slowMs} AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY total_exec_time DESC LIMIT ${MOST_ROWS}`
  return answer(client, sql, (rows) =>
    (jsonRows(rows) as readonly SlowStatement[]).map((row) => ({ ...row, text: normalised(row.text) })),
  )
}

const EXTENSION_SQL = `SELECT quote_ident(n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`

export function statistics(client: Client): Promise<Answer<DatabaseStatistics>> {
  const sql = `SELECT json_build_object('blocksHit', blks_hit, 'blocksRead', blks_read, 'conflicts', conflicts)
  FROM pg_stat_database WHERE datname = current_database()`
  return answer(client, sql, (rows) => {
    const [row] = jsonRows(rows) as readonly DatabaseStatistics[]
    if (row === undefined) throw new Error('no statistics')
    return row
  })
}

export function indexScans(client: Client): Promise<Answer<ReadonlyMap<number, number>>> {
  const sql = `SELECT indexrelid, idx_scan FROM pg_stat_user_indexes WHERE current_setting('track_counts') = 'on'`
  return answer(client, sql, (rows) => new Map(rows.map(([oid, scans]) => [Number(oid), Number(scans)])))
}
