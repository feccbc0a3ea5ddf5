import type { StatementKind } from '../../src/statement/statement.ts'

/** A statement that somebody's users reported as sent to the wrong place, or that is by their source. */
export interface Misrouting {
  readonly name: string
  readonly sql: string
  /** What it is. */
  readonly kind: StatementKind
}

/** Named after what went wrong. Everything here that is no read was sent to a replica; the reads were kept from one. */
export const misroutings: readonly Misrouting[] = [
  {
    name: 'WITH … UPDATE … RETURNING in front of a SELECT',
    sql: 'WITH changed AS (UPDATE jobs SET state = 1 WHERE id = 7 RETURNING *) SELECT * FROM changed',
    kind: 'write',
  },
  { name: 'what cannot be parsed goes anywhere', sql: 'SELECT FROM WHERE', kind: 'write' },
  {
    name: 'FOR NO KEY UPDATE SKIP LOCKED',
    sql: 'SELECT id FROM jobs WHERE state = 0 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED',
    kind: 'write',
  },
  {
    name: 'FOR UPDATE SKIP LOCKED',
    sql: 'SELECT id FROM jobs LIMIT 1 FOR UPDATE SKIP LOCKED',
    kind: 'write',
  },
  { name: 'FOR UPDATE with a semicolon behind', sql: 'SELECT * FROM t FOR UPDATE;', kind: 'write' },
  { name: 'FOR UPDATE followed by a comment', sql: 'SELECT * FROM t FOR UPDATE /* id=7 */', kind: 'write' },
  { name: 'FOR UPDATE on several lines', sql: 'SELECT * FROM t\nFOR\n\tUPDATE', kind: 'write' },
  {
    name: 'FOR UPDATE OF far from the end',
    sql: `SELECT * FROM t FOR UPDATE OF t NOWAIT --${' x'.repeat(200)}`,
    kind: 'write',
  },
  {
    name: 'FOR UPDATE in one arm of a UNION',
    sql: '(SELECT 1 FROM t FOR UPDATE) UNION ALL SELECT 2',
    kind: 'write',
  },
  {
    name: 'FOR UPDATE in a CTE',
    sql: 'WITH x AS (SELECT * FROM t FOR UPDATE) SELECT * FROM x',
    kind: 'write',
  },
  { name: 'COPY FROM', sql: 'COPY t (a, b) FROM STDIN WITH (FORMAT binary)', kind: 'write' },
  {
    name: 'COPY of a query that writes',
    sql: 'COPY (WITH x AS (INSERT INTO t VALUES (1) RETURNING *) TABLE x) TO STDOUT',
    kind: 'write',
  },
  { name: 'COPY TO without a look inside', sql: "COPY (SELECT nextval('s')) TO STDOUT", kind: 'write' },
  {
    name: 'a plain UPDATE',
    sql: 'UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1;',
    kind: 'write',
  },
  { name: 'a user function that writes', sql: 'SELECT create_invoice(7)', kind: 'write' },
  { name: 'a user function in FROM', sql: 'SELECT * FROM create_invoice(7) AS i', kind: 'write' },
  {
    name: 'a user function that is not called first',
    sql: 'SELECT 1, lower(a), create_invoice(7) FROM t',
    kind: 'write',
  },
  { name: 'nextval', sql: "SELECT nextval('s')", kind: 'write' },
  { name: 'setval in capitals, qualified', sql: "SELECT PG_CATALOG.SETVAL('s', 1)", kind: 'write' },
  { name: 'nextval behind a comment', sql: "SELECT /* x */ nextval /* y */ ('s')", kind: 'write' },
  { name: 'SELECT INTO', sql: 'SELECT * INTO archive FROM t', kind: 'write' },
  { name: 'an advisory lock', sql: 'SELECT pg_advisory_lock(42)', kind: 'session' },
  { name: 'an advisory lock that is tried', sql: 'SELECT pg_try_advisory_lock(42) AS got', kind: 'session' },
  {
    name: 'an advisory lock in WHERE',
    sql: 'SELECT id FROM jobs WHERE pg_try_advisory_xact_lock(id)',
    kind: 'session',
  },
  { name: 'set_config', sql: "SELECT set_config('app.user', '7', false)", kind: 'session' },
  { name: 'only the first of several statements', sql: 'SELECT 1; DELETE FROM t', kind: 'write' },
  { name: 'BEGIN ends the look at a list', sql: 'SELECT 1; BEGIN; DELETE FROM t', kind: 'transaction' },
  { name: 'txid_current on a list of harmless functions', sql: 'SELECT txid_current()', kind: 'write' },
  { name: 'pg_current_xact_id, labelled stable', sql: 'SELECT pg_current_xact_id()', kind: 'write' },
  { name: 'EXPLAIN ANALYZE of a DELETE', sql: 'EXPLAIN ANALYZE DELETE FROM t', kind: 'write' },
  {
    name: 'SET transaction_read_only read backwards',
    sql: 'SET transaction_read_only = 0',
    kind: 'transaction',
  },
  { name: 'BEGIN behind a line comment', sql: '-- x\nBEGIN', kind: 'transaction' },
  { name: 'a temporary table', sql: 'CREATE TEMP TABLE t AS SELECT 1', kind: 'write' },
  { name: 'SHOW that answers for a node', sql: 'SHOW transaction_read_only', kind: 'session' },
  { name: 'statistics of the wrong node', sql: 'SELECT * FROM pg_stat_activity', kind: 'write' },
  { name: 'currval of a sequence', sql: "SELECT currval('s')", kind: 'session' },
  { name: 'LISTEN', sql: 'LISTEN jobs', kind: 'session' },
  { name: 'EXECUTE of a prepared write', sql: 'EXECUTE add_job(1)', kind: 'session' },
  { name: 'an upsert', sql: 'INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING RETURNING id', kind: 'write' },
  { name: 'REFRESH MATERIALIZED VIEW', sql: 'REFRESH MATERIALIZED VIEW v', kind: 'write' },
  { name: 'FOR UPDATE in a literal', sql: "SELECT 'please hold the line for update'", kind: 'read' },
  {
    name: 'a literal that ends like a lock',
    sql: "SELECT * FROM t WHERE note = 'wait for update'",
    kind: 'read',
  },
  { name: 'a column that is called like a statement', sql: 'SELECT "update", "delete" FROM t', kind: 'read' },
  { name: 'RETURNING in a literal', sql: "SELECT * FROM t WHERE note = 'RETURNING customer'", kind: 'read' },
  { name: 'a comment in front', sql: '/* app:shop */ SELECT 1', kind: 'read' },
  { name: 'parentheses in front', sql: '(SELECT 1)', kind: 'read' },
  { name: 'WITH that only reads', sql: 'WITH x AS (SELECT 1) SELECT * FROM x', kind: 'read' },
  { name: 'EXPLAIN', sql: 'EXPLAIN SELECT * FROM t', kind: 'read' },
  { name: 'random(), labelled volatile', sql: 'SELECT random()', kind: 'read' },
  { name: 'gen_random_uuid(), labelled volatile', sql: 'SELECT gen_random_uuid()', kind: 'read' },
  { name: 'clock_timestamp(), labelled volatile', sql: 'SELECT clock_timestamp()', kind: 'read' },
]
