/**
 * Returns a FROM item over the view pg_stat_statements, without the statements of this library. Its columns do not
 * depend on the version of the extension, which an upgrade of the server does not change. 1.8, of PostgreSQL 13,
 * renamed the times; 1.9, of PostgreSQL 14, added `toplevel`.
 *
 * @param schema Quoted name of the extension's schema.
 */
export function statementStatistics(schema: string): string {
  return `(
    SELECT query, calls, dbid, COALESCE(facts ->> 'total_exec_time', facts ->> 'total_time')::float8 AS total_exec_time,
      COALESCE(facts ->> 'mean_exec_time', facts ->> 'mean_time')::float8 AS mean_exec_time,
      COALESCE((facts ->> 'toplevel')::boolean, true) AS toplevel
    FROM ${schema}.pg_stat_statements s, LATERAL (SELECT to_jsonb(s) AS facts) f
    WHERE query NOT LIKE '%switchyard%'
  )`
}
