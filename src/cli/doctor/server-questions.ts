import type { Client } from 'pg'
import type { Observation } from '../../topology/node.ts'
import { probeSql, readProbe } from '../../topology/probe.ts'
import { findWording, isRefusal, PLAIN, type Wording } from '../../topology/wording.ts'
import type { Answer, Collation, ConnectionLimits, Replay, ServerFacts, SettingValues } from './facts.ts'
import { answer, ask, attempt, jsonRows } from './question.ts'

interface ServerRow extends Omit<ServerFacts, 'clockSkewMs' | 'clockErrorMs'> {
  readonly clockMs: number
}

const VERSION_SQL = `SELECT current_setting('server_version_num')::int`

/** Needs no right but to log in, and no function that some services do not have. */
function serverSql(version: number): string {
  return `SELECT json_build_object(
  'isStandby', ${version < 140_000 ? 'pg_is_in_recovery()' : `current_setting('in_hot_standby')::boolean`},
  'version', ${version},
  'user', current_user,
  'database', current_database(),
  'mayMonitor', pg_has_role(current_user, 'pg_monitor', 'USAGE')
    OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  'clockMs', extract(epoch FROM clock_timestamp()) * 1000
)`
}

export async function serverFacts(client: Client): Promise<ServerFacts> {
  const sql = serverSql(jsonRows(await ask(client, VERSION_SQL))[0] as number)
  // The first answer of a new connection fills caches; the second one tells the time.
  await ask(client, sql)
  const sentAtMs = Date.now()
  const [row] = jsonRows(await ask(client, sql)) as readonly ServerRow[]
  const receivedAtMs = Date.now()
  if (row === undefined) throw new Error('The server gave no answer')
  const { clockMs, ...facts } = row
  return {
    ...facts,
    clockSkewMs: Math.round(clockMs - (sentAtMs + receivedAtMs) / 2),
    clockErrorMs: (receivedAtMs - sentAtMs) / 2,
  }
}

/** Asks what the pool's own monitor asks; of a server that refuses some of it, the rest. */
export function probe(client: Client): Promise<Answer<Observation>> {
  return attempt(async () => {
    try {
      return await probeWith(client, PLAIN)
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    return probeWith(client, await findWording((sql) => accepts(client, sql)))
  })
}

async function probeWith(client: Client, wording: Wording): Promise<Observation> {
  const sentAtMs = performance.now()
  const [row] = await ask(client, probeSql(wording, false))
  return readProbe(row, sentAtMs, performance.now(), wording)
}

async function accepts(client: Client, sql: string): Promise<boolean> {
  try {
    await ask(client, sql)
    return true
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

/** To be asked of a standby. */
export function replay(client: Client): Promise<Answer<Replay>> {
  const sql = `SELECT json_build_object(
    'isStreaming', (pg_stat_get_wal_receiver()).pid IS NOT NULL, 'isPaused', pg_is_wal_replay_paused())`
  return answer(client, sql, (rows) => {
    const [row] = jsonRows(rows) as readonly Replay[]
    if (row === undefined) throw new Error('no answer')
    return row
  })
}

/** Of a new session of this login, so that settings of the role and the database count. */
export function settings(client: Client): Promise<Answer<SettingValues>> {
  const sql = `SELECT name, reset_val FROM pg_settings`
  return answer(client, sql, (rows) =>
    Object.fromEntries(rows.map(([name, value]) => [name ?? '', value ?? ''])),
  )
}

export function limits(client: Client): Promise<Answer<ConnectionLimits>> {
  // `reserved_connections` came with PostgreSQL 16.
  const sql = `SELECT json_build_object(
    'server', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - COALESCE(current_setting('reserved_connections', true)::int, 0),
    'role', (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
    'database', (SELECT NULLIF(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
    'used', (SELECT count(*) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
      WHERE a.datid IS NOT NULL AND r.rolname <> current_user))`
  return answer(client, sql, (rows) => {
    const [row] = jsonRows(rows) as readonly {
      server: number
      role: number | null
      database: number | null
      used: number
    }[]
    if (row === undefined) throw new Error('no answer')
    const { server, role, database, used } = row
    return { server, used, ...(role !== null && { role }), ...(database !== null && { database }) }
  })
}

/** The collation of a database, whose version PostgreSQL 15 began to record. */
const DATABASE_COLLATION_SQL = `
    SELECT 'the database''s default', datcollversion, pg_database_collation_actual_version(oid)
    FROM pg_database WHERE datname = current_database()
    UNION ALL`

/** Collations whose version is another one than when the database was made. */
export function collations(
  client: Client,
  { version }: Pick<ServerFacts, 'version'>,
): Promise<Answer<readonly Collation[]>> {
  const sql = `SELECT json_build_object('name', name, 'recorded', recorded, 'actual', actual) FROM (
    ${version < 150_000 ? '' : DATABASE_COLLATION_SQL}
    SELECT format('%I', collname), collversion, pg_collation_actual_version(oid) FROM pg_collation
    WHERE oid IN (SELECT unnest(indcollation) FROM pg_index)
  ) c (name, recorded, actual) WHERE recorded <> actual`
  return answer(client, sql, (rows) => jsonRows(rows) as readonly Collation[])
}
