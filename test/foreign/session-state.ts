import type { Connection } from '../proofs/connection.ts'

/**
 * State of a session, and state that all sessions share, that no read may change; each part has a name. Settings of
 * libraries do not count: they appear when a library is loaded.
 */
export type State = Readonly<Record<string, unknown>>

const OF_SESSION = `
  'settings', (SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat(name, '=', setting), ',' ORDER BY name))
    FROM pg_catalog.pg_settings WHERE name NOT LIKE '%.%'),
  'role', pg_catalog.concat(current_user, ' ', session_user),
  'prepared statements', (SELECT pg_catalog.string_agg(name, ',' ORDER BY name) FROM pg_catalog.pg_prepared_statements),
  'cursors', (SELECT pg_catalog.string_agg(name, ',' ORDER BY name) FROM pg_catalog.pg_cursors WHERE name <> ''),
  'channels', (SELECT pg_catalog.string_agg(channel, ',') FROM pg_catalog.pg_listening_channels() AS channel),
  'advisory locks', (SELECT pg_catalog.string_agg(pg_catalog.concat(classid, '/', objid, '/', mode), ',' ORDER BY classid, objid, mode)
    FROM pg_catalog.pg_locks WHERE locktype = 'advisory'),
  'temporary tables', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relpersistence = 't'),
  'replication slots', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots)`

const OF_PRIMARY = `
  'transaction id', pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text,
  'next transaction id', pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text,
  'statistics reset', (SELECT pg_catalog.max(stats_reset) FROM pg_catalog.pg_stat_database),
  'wal', pg_catalog.pg_current_wal_insert_lsn()`

/** Asks for the state of a connection to the primary; undefined in a transaction that has failed. */
export async function stateOf(connection: Connection): Promise<State | undefined> {
  try {
    return await ask(connection, `${OF_SESSION},${OF_PRIMARY}`)
  } catch {
    return undefined
  }
}

/** Asks for the state of a connection to a standby. */
export function stateOnStandby(connection: Connection): Promise<State> {
  return ask(connection, OF_SESSION)
}

async function ask(connection: Connection, parts: string): Promise<State> {
  const [row] = await connection.rows(`SELECT pg_catalog.jsonb_build_object(${parts}) AS state`)
  return (row as { readonly state: State }).state
}

/** Names what differs. Positions of the WAL do not count: setting hint bits and pruning move them. */
export function changesBetween(before: State, after: State): readonly string[] {
  return Object.keys(after).filter(
    (name) => name !== 'wal' && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  )
}
