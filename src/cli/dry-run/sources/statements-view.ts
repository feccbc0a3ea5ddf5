import type { ClientConfig } from 'pg'
import { nameOf } from '../../address.ts'
import { CliError, EXIT_USAGE } from '../../command.ts'
import { withConnection } from '../../demo/connection.ts'
import { serverFailure } from '../../demo/problems.ts'
import { statementStatistics } from '../../statement-statistics.ts'
import type { Source, Traffic } from '../traffic.ts'

const ANSWER_TIMEOUT_MS = 65_000
const HIDDEN = '<insufficient privilege>'

interface Row {
  readonly query: string
  readonly calls: string
  readonly total_exec_time: number
}

/**
 * Reads what pg_stat_statements has counted in a database, except for the queries of this library. Rejects with one
 * line where there is no such view.
 */
export async function readStatementsView(database: ClientConfig): Promise<Source> {
  const rows = await rowsOf(database)
  const shown = rows.filter(({ query }) => query !== HIDDEN)
  return {
    traffic: trafficOf(shown),
    notes: () => notesOn(rows),
  }
}

async function* trafficOf(rows: readonly Row[]): AsyncIterable<Traffic> {
  for (const { query, calls, total_exec_time: ms } of rows) {
    yield await Promise.resolve({ sql: withConstants(query), calls: Number(calls), ms })
  }
}

function notesOn(rows: readonly Row[]): readonly string[] {
  const callsOf = (matches: (query: string) => boolean): number =>
    rows.filter(({ query }) => matches(query)).reduce((sum, { calls }) => sum + Number(calls), 0)
  const notes: string[] = []
  const hidden = callsOf((query) => query === HIDDEN)
  if (hidden > 0) {
    notes.push(`The texts of ${hidden} statements are hidden from this login: GRANT pg_read_all_stats to it.`)
  }
  const begun = callsOf((query) => /^\s*(?:begin|start\s+transaction)\b(?![^;]*read\s+only)/i.test(query))
  if (begun > 0) {
    notes.push(
      `${begun} transactions were begun without READ ONLY. Statements in them stay on the primary, and ` +
        'pg_stat_statements does not say which these are: the shares are upper bounds. --log FILE counts them.',
    )
  }
  return notes
}

async function rowsOf(database: ClientConfig): Promise<readonly Row[]> {
  const who = `The server ${nameOf(database)}`
  try {
    return await withConnection({ ...database, query_timeout: ANSWER_TIMEOUT_MS }, async (client) => {
      const { rows: found } = await client.query<{ schema: string }>(
        `SELECT quote_ident(n.nspname) AS schema /* pg-switchyard */ FROM pg_extension e
           JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`,
      )
      const [extension] = found
      if (extension === undefined) {
        const ways = 'CREATE EXTENSION pg_stat_statements, or give --log or --file'
        throw new CliError(`${who} has no pg_stat_statements in this database: ${ways}`, EXIT_USAGE)
      }
      const { rows } = await client.query<Row>(
        `SELECT query, sum(calls)::text AS calls, sum(total_exec_time) AS total_exec_time
         FROM ${statementStatistics(extension.schema)} s
         WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.toplevel
         GROUP BY query`,
      )
      return rows
    })
  } catch (error) {
    const { message } = serverFailure(who, error)
    throw new CliError(message.replace(/\s*\n\s*/g, ' '), EXIT_USAGE, error)
  }
}

/** Parameters stand in the place of constants where PostgreSQL's grammar has only constants, as in `INTERVAL $1`. */
function withConstants(query: string): string {
  return query.replace(/\b(interval|date|time|timestamp|timestamptz|zone)(\s+)\$\d+/gi, "$1$2'0'")
}
