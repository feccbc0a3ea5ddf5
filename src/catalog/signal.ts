import { createHash } from 'node:crypto'
import { literal } from './sql-literal.ts'

/** Which state of the system catalogs was read. */
export interface Signal {
  /**
   * The server's statistics of changes to the system catalogs, which cost microseconds to read. Every server counts for
   * itself, unrelated changes count too, and a connection may report its changes up to 10 seconds late.
   */
  readonly counters: string
  /**
   * Digest of everything that was read. It is equal on all servers of a cluster that have replayed the same changes.
   */
  readonly digest: string
}

/** System catalogs that a catalog is loaded from. */
const tables = [
  'pg_aggregate',
  'pg_amop',
  'pg_amproc',
  'pg_attrdef',
  'pg_attribute',
  'pg_auth_members',
  'pg_authid',
  'pg_cast',
  'pg_class',
  'pg_collation',
  'pg_constraint',
  'pg_depend',
  'pg_enum',
  'pg_extension',
  'pg_index',
  'pg_inherits',
  'pg_namespace',
  'pg_opclass',
  'pg_operator',
  'pg_partitioned_table',
  'pg_policy',
  'pg_proc',
  'pg_range',
  'pg_rewrite',
  'pg_trigger',
  'pg_type',
]

const counted = tables.flatMap((table) =>
  ['inserted', 'updated', 'deleted'].map((change) => `pg_stat_get_tuples_${change}('${table}'::regclass)`),
)

/**
 * To be run before `signalSql` in one transaction. The counters must be older than the snapshot in which the rest is
 * read: a change that was counted, and not seen, would never be found.
 */
export const countersSql: string = `SELECT set_config('switchyard.counters', (${counted.join(' + ')})::text, true);`

// The hash of a record is a weighted sum of its fields' hashes, so two rows that swap a field often have the same total as before.
// Another hash over it takes that away.
const row = (fields: string): string => `sum(hashint8extended(hash_record_extended(ROW(${fields}), 0), 0))`

// Changes of temporary tables need no reload. Rows of pg_class change with every TRUNCATE, so only what matters of them
// is looked at.
const permanent = (column: string): string =>
  `${column} NOT IN (SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')`

const digests: readonly string[] = [
  `SELECT ${row('oid, relname, relnamespace, relkind, relpersistence, relrowsecurity, relnatts')}
   FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND relpersistence <> 't'`,
  `SELECT ${row('a.attrelid, a.attnum, a.atttypid, a.xmin')}
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
   WHERE c.oid >= 16384 AND a.attnum > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't'`,
  `SELECT ${row('oid, xmin')} FROM pg_attrdef WHERE ${permanent('adrelid')}`,
  `SELECT ${row('oid, xmin')} FROM pg_rewrite WHERE ${permanent('ev_class')}`,
  `SELECT ${row('inhrelid, inhparent')} FROM pg_inherits WHERE ${permanent('inhrelid')}`,
  `SELECT ${row('oid, xmin')} FROM pg_type WHERE typtype <> 'c' AND typcategory <> 'A'`,
  `SELECT ${row('oid, xmin')} FROM pg_constraint WHERE contypid <> 0 OR contype IN ('c', 'f', 'x') AND ${permanent('conrelid')}`,
  // Other indexes call no function of a user.
  `SELECT ${row('indexrelid, indrelid')} FROM pg_index WHERE ${permanent('indrelid')}
   AND (indexprs IS NOT NULL OR indpred IS NOT NULL OR EXISTS (SELECT FROM unnest(indclass) c WHERE c >= 16384))`,
  `SELECT ${row('oid, xmin')} FROM pg_trigger WHERE NOT tgisinternal AND ${permanent('tgrelid')}`,
  `SELECT ${row('partrelid, xmin')} FROM pg_partitioned_table WHERE ${permanent('partrelid')}`,
  `SELECT ${row('oid, xmin')} FROM pg_amop WHERE oid >= 16384`,
  `SELECT ${row('oid, xmin')} FROM pg_amproc WHERE oid >= 16384`,
  `SELECT ${row('oid, nspname')} FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'`,
  `SELECT ${row('rngtypid, xmin')} FROM pg_range`,
  // Policies and schemas apply by membership, and a prepared statement keeps those of its parse.
  `SELECT ${row('roleid, member, grantor, xmin')} FROM pg_auth_members`,
  // The other roles have no say in this, and some applications create one for each user.
  `SELECT ${row('oid, rolsuper, rolinherit, rolbypassrls')} FROM pg_roles
   WHERE rolsuper OR rolbypassrls OR NOT rolinherit`,
  `SELECT ${row('oid, xmin')} FROM pg_collation WHERE oid >= 16384`,
  `SELECT ${row('oid, xmin')} FROM pg_opclass WHERE oid >= 16384`,
  ...['pg_proc', 'pg_operator', 'pg_cast', 'pg_enum', 'pg_policy', 'pg_extension'].map(
    (table) => `SELECT ${row('oid, xmin')} FROM ${table}`,
  ),
]

const digestSql = `ROW(${digests.map((sql) => `(${sql})`).join(', ')})::text`

/**
 * Gives `counters` and `digest`. The digest reads the system catalogs, so it is worked out only when the counters differ
 * from the known ones or nothing is counted here; else it is NULL, which means that nothing changed.
 */
export function signalSql(knownCounters?: string): string {
  const changed =
    knownCounters === undefined
      ? ''
      : `WHERE counters <> ${literal(knownCounters)} OR current_setting('track_counts') <> 'on'`
  return `
SELECT counters, (SELECT ${digestSql} ${changed}) AS digest
FROM (SELECT current_setting('switchyard.counters') AS counters OFFSET 0) c`
}

/** Shortens the `digest` of `signalSql`. */
export function shortened(digest: string): string {
  return createHash('sha256').update(digest).digest('hex').slice(0, 12)
}
