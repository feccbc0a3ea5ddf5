import { createHash } from 'node:crypto'
import { literal } from './sql-literal.ts'

/** Which state of the system catalogs was read. */
export interface Signal {
  /**
   * The server's statistics of changes to the system catalogs, which cost microseconds to read. Every server counts for
   * itself, unrelated changes count too, and a connection may report its changes up to 10 seconds late. Before
   * PostgreSQL 15, an idle connection reports them with its next statement.
   */
  readonly counters: string
  /**
   * Digest of everything that was read. It is equal on all servers of a cluster that have replayed the same changes.
   */
  readonly digest: string
}

/** System catalogs that a catalog is loaded from. */
const tables = [
  'pg_amop',
  'pg_amproc',
  'pg_attribute',
  'pg_auth_members',
  'pg_authid',
  'pg_cast',
  'pg_class',
  'pg_collation',
  'pg_constraint',
  'pg_depend',
  'pg_enum',
  'pg_index',
  'pg_inherits',
  'pg_language',
  'pg_namespace',
  'pg_opclass',
  'pg_operator',
  'pg_policy',
  'pg_proc',
  'pg_rewrite',
  'pg_trigger',
  'pg_type',
]

const counted = ['inserted', 'updated', 'deleted'].map((kind) => `pg_catalog.pg_stat_get_tuples_${kind}(t)`)

const counters = `(SELECT pg_catalog.sum(${counted.join(' operator(pg_catalog.+) ')})::pg_catalog.text
  FROM pg_catalog.unnest('{${tables.map((name) => `pg_catalog.${name}`).join(',')}}'::pg_catalog.regclass[]) t)`

/**
 * Gives only the counters, for a tenth of the price of `signalSql`. NULL where nothing is counted. It runs under the
 * connection's own `search_path`, so all names are qualified.
 */
export const countersAloneSql: string = `SELECT CASE WHEN pg_catalog.current_setting('track_counts') operator(pg_catalog.=) 'on' THEN ${counters} END AS counters`

/**
 * To be run before `signalSql` in one transaction. The counters must be older than the snapshot in which the rest is
 * read. Otherwise a change that was counted but not seen would never be found.
 */
export const countersSql: string = `SELECT set_config('switchyard.counters', ${counters}, true);`

// The hash of a record is a weighted sum of its fields' hashes. So two rows that swap a field often have the same total
// as before. Another hash over it takes that away.
const row = (fields: string): string =>
  `bit_xor(hashint8extended(hash_record_extended(ROW(${fields}), 0), 0))`

// Changes of temporary tables need no reload. Rows of pg_class change with every TRUNCATE, so only what matters of them
// is looked at.
const permanent = (column: string): string =>
  `${column} NOT IN (SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')`

const allOf = (table: string, condition = 'true'): string =>
  `SELECT ${row('oid, xmin')} FROM ${table} WHERE ${condition}`

/**
 * Queries whose results together tell one state of the schema from another, as far as it is loaded, by what they are
 * about. Each is needed for changes that no other one shows.
 */
export const signalParts: Readonly<Record<string, string>> = {
  relations: `SELECT ${row('oid, relname, relnamespace, relkind, relam, relpersistence, relrowsecurity, relnatts')}
   FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND relpersistence <> 't'`,
  // A new default, or another expression of a generated column, changes the column's row as well.
  columns: `SELECT ${row('a.attrelid, a.attnum, a.atttypid, a.xmin')}
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
   WHERE c.oid >= 16384 AND a.attnum > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't'`,
  rules: allOf('pg_rewrite', permanent('ev_class')),
  policies: allOf('pg_policy'),
  inheritance: `SELECT ${row('inhrelid, inhparent')} FROM pg_inherits WHERE ${permanent('inhrelid')}`,
  constraints: allOf(
    'pg_constraint',
    `contypid <> 0 OR contype IN ('c', 'f', 'p', 'x') AND ${permanent('conrelid')}`,
  ),
  // Other indexes call no function of a user.
  indexes: `SELECT ${row('indexrelid, indrelid')} FROM pg_index WHERE ${permanent('indrelid')}
   AND (indexprs IS NOT NULL OR indpred IS NOT NULL OR EXISTS (SELECT FROM unnest(indclass) c WHERE c >= 16384))`,
  // The other internal ones belong to constraints: the functions RI_FKey_* and unique_key_recheck.
  triggers: allOf(
    'pg_trigger',
    `(NOT tgisinternal OR tgfoid NOT BETWEEN 1644 AND 1655 AND tgfoid <> 1250) AND ${permanent('tgrelid')}`,
  ),
  // TRUNCATE restarts the sequences that a table owns. A sub-select uses the index, a join reads all of pg_depend.
  ownership: `SELECT ${row(
    `c.oid, (SELECT sum(d.refobjid::bigint) FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
       AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))`,
  )}
   FROM pg_class c WHERE c.relkind = 'S' AND c.relpersistence <> 't'`,
  functions: allOf('pg_proc'),
  languages: allOf('pg_language'),
  membership: `SELECT ${row('objid, refobjid')} FROM pg_depend
   WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_proc'::regclass AND deptype = 'e'`,
  operators: allOf('pg_operator'),
  casts: allOf('pg_cast'),
  // The array types that PostgreSQL makes follow their elements. Temporary tables have some, too.
  types: allOf('pg_type', `typtype <> 'c' AND (typcategory <> 'A' OR typarray <> 0)`),
  enums: allOf('pg_enum'),
  collations: allOf('pg_collation', 'oid >= 16384'),
  operatorClasses: allOf('pg_opclass', 'oid >= 16384'),
  operatorsOfFamilies: allOf('pg_amop', 'oid >= 16384'),
  functionsOfFamilies: allOf('pg_amproc', 'oid >= 16384'),
  schemas: `SELECT ${row('oid, nspname')} FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'`,
  // Policies and schemas apply by membership, and a prepared statement keeps those of its parse.
  members: `SELECT ${row('roleid, member, grantor, xmin')} FROM pg_auth_members`,
  // The other roles have no say in this, and some applications create one for each user.
  roles: `SELECT ${row('oid, rolsuper, rolinherit, rolbypassrls')} FROM pg_roles
   WHERE rolsuper OR rolbypassrls OR NOT rolinherit`,
}

const digestSql = `ROW(${Object.values(signalParts)
  .map((sql) => `(${sql})`)
  .join(', ')})::text`

/**
 * Gives `counters` and `digest`. The digest reads the system catalogs, so it is computed only when the counters differ
 * from the known ones or nothing is counted here. Otherwise it is NULL, which means that nothing changed.
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
