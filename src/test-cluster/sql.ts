import { Client } from 'pg'

import type { NodeConfig } from './server.ts'

const CONNECT_TIMEOUT_MS = 10_000

export type Row = Readonly<Record<string, string | null>>

/** Runs one statement. Every column is returned as text. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** Calls `use` with a connection and closes it afterwards. */
export async function withConnection<T>(config: NodeConfig, use: (query: Query) => Promise<T>): Promise<T> {
  const client = new Client({
    ...config,
    // Otherwise PGSSLMODE of the environment would apply.
    ssl: false,
    // Timeouts that a test sets for the role must not apply to the cluster's own statements.
    options: '-c statement_timeout=0 -c lock_timeout=0',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // pg_backend_pid, LSNs and flags are compared as the server prints them.
    types: { getTypeParser: () => (text: unknown) => String(text) },
  })
  // A server that dies under an idle client emits 'error'; the statement that follows reports it.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(async (sql, values) => {
      const result = await client.query<Record<string, string | null>>(
        sql,
        values === undefined ? [] : [...values],
      )
      return result.rows
    })
  } finally {
    await client.end()
  }
}

/** Opens a connection for one statement. */
export function queryOnce(
  config: NodeConfig,
  sql: string,
  values?: readonly unknown[],
): Promise<readonly Row[]> {
  return withConnection(config, (query) => query(sql, values))
}

/** Creates the database that `config` names, unless it is `postgres`. */
export async function createDatabase(config: NodeConfig): Promise<void> {
  if (config.database === 'postgres') return
  await withConnection({ ...config, database: 'postgres' }, async (query) => {
    // The settings may require synchronous standbys, which do not exist yet.
    await query(`SET synchronous_commit = 'local'`)
    await query(`CREATE DATABASE "${config.database.replaceAll('"', '""')}"`)
  })
}
