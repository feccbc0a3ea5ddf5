/** A fault that the doctor must find: its check, its level, and a part of what to do. */
export interface Seed {
  readonly id: string
  readonly severity: 'error' | 'warning' | 'notice'
  /** Statements on the primary that make it. */
  readonly sql?: readonly string[]
  readonly fix: RegExp
}

/** Faults in a database. */
export const databaseSeeds: readonly Seed[] = [
  {
    id: 'cache-hit-ratio',
    severity: 'warning',
    // More than a quarter of shared_buffers, so that each scan reads it from the disk.
    sql: [
      `create table large as select g, repeat('x', 1000) from generate_series(1, 9000) g`,
      'select pg_stat_reset()',
      'do $$ begin for i in 1..90 loop perform count(*) from large; end loop; end $$',
    ],
    fix: /shared_buffers/,
  },
  {
    id: 'unlogged-tables',
    severity: 'warning',
    sql: ['create unlogged table visits (id int)'],
    fix: /ALTER TABLE public\.visits SET LOGGED;/,
  },
  {
    id: 'foreign-tables',
    severity: 'warning',
    sql: [
      'create extension file_fdw',
      'create server files foreign data wrapper file_fdw',
      `create foreign table imported (a text) server files options (filename '/dev/null')`,
    ],
    fix: /'public\.imported': 'readOnly'/,
  },
  {
    id: 'volatile-functions',
    severity: 'notice',
    sql: [
      `create function counted(name text) returns bigint language plpgsql as $$
         declare n bigint; begin execute format('select count(*) from %I', name) into n; return n; end $$`,
    ],
    fix: /declare it readOnly/,
  },
  {
    id: 'bound-relations',
    severity: 'notice',
    sql: [`create view totals as select counted('large') as n`],
    fix: /classify/,
  },
  {
    id: 'function-label',
    severity: 'notice',
    sql: [
      `create function price_of(integer) returns numeric language sql as 'select 1.5 * g from large where g = $1'`,
      // These are none of them: they change rows, directly or by another one, or answer anew each time.
      `create function drops(integer) returns void language sql as 'delete from large where g = $1'`,
      `create function drops_twice(integer) returns void language plpgsql as 'begin perform drops($1); end'`,
      `create function chance() returns float8 language sql as 'select random()'`,
    ],
    fix: /^ALTER FUNCTION public\.price_of\(integer\) STABLE;$/,
  },
  {
    id: 'untrue-labels',
    severity: 'error',
    sql: [
      'create sequence numbers',
      `create function next_number() returns bigint stable language sql as $$ select nextval('numbers') $$`,
    ],
    fix: /^ALTER FUNCTION public\.next_number\(\) VOLATILE;$/,
  },
  {
    id: 'unused-indexes',
    severity: 'warning',
    sql: ['create index large_g on large (g)'],
    fix: /^DROP INDEX CONCURRENTLY public\.large_g;$/,
  },
  {
    id: 'duplicate-indexes',
    severity: 'warning',
    sql: ['create table twice (id int primary key, a int)', 'create index twice_id on twice (id)'],
    fix: /^DROP INDEX CONCURRENTLY public\.twice_id;$/,
  },
  {
    id: 'vacuum',
    severity: 'warning',
    sql: [
      'create table bloated (id int) with (autovacuum_enabled = off)',
      'insert into bloated select generate_series(1, 9000)',
      'delete from bloated where id > 2000',
    ],
    fix: /^VACUUM \(ANALYZE\) public\.bloated; ALTER TABLE public\.bloated RESET \(autovacuum_enabled\);$/,
  },
  {
    id: 'replication-slots',
    severity: 'error',
    sql: [`select pg_create_physical_replication_slot('forgotten', true)`],
    fix: /pg_drop_replication_slot\('forgotten'\)/,
  },
  {
    id: 'collation-version',
    severity: 'error',
    sql: [
      `create collation old (provider = icu, locale = 'de', version = '1')`,
      'create table words (word text collate old primary key)',
    ],
    fix: /REINDEX/,
  },
  { id: 'slow-queries', severity: 'warning', fix: /statement_timeout|EXPLAIN/ },
  { id: 'idle-in-transaction', severity: 'warning', fix: /idle_in_transaction_session_timeout/ },
]

/** Faults in the settings and rights of the login `app`, and in those of the servers. */
export const settingSeeds: readonly Seed[] = [
  {
    id: 'read-only-primary',
    severity: 'error',
    sql: ['alter role app set default_transaction_read_only = on'],
    fix: /RESET default_transaction_read_only/,
  },
  {
    id: 'serializable-default',
    severity: 'warning',
    sql: ['alter role app set default_transaction_isolation = serializable'],
    fix: /repeatable read/,
  },
  {
    id: 'asynchronous-commit',
    severity: 'notice',
    sql: ['alter role app set synchronous_commit = off'],
    fix: /local or on/,
  },
  {
    id: 'non-standard-strings',
    severity: 'error',
    sql: ['alter role app set standard_conforming_strings = off'],
    fix: /standard_conforming_strings = on/,
  },
  {
    id: 'connection-limit',
    severity: 'error',
    sql: ['alter role app connection limit 11'],
    fix: /ALTER ROLE … CONNECTION LIMIT/,
  },
  { id: 'pg-monitor', severity: 'warning', fix: /^On the primary: GRANT pg_monitor TO app;$/ },
  { id: 'could-not-check', severity: 'warning', fix: /^GRANT pg_monitor TO app;$/ },
  {
    id: 'probe-rights',
    severity: 'error',
    sql: ['revoke execute on function pg_control_system() from public'],
    fix: /^GRANT EXECUTE ON FUNCTION pg_control_system\(\).* TO app;/,
  },
  { id: 'autovacuum-off', severity: 'error', fix: /autovacuum = on/ },
  { id: 'settings-differ', severity: 'error', fix: /same values/ },
  { id: 'hot-standby-feedback', severity: 'warning', fix: /hot_standby_feedback = on/ },
  { id: 'standby-delay', severity: 'warning', fix: /max_standby_streaming_delay = '30s'/ },
  { id: 'apply-delay', severity: 'error', fix: /RESET recovery_min_apply_delay/ },
  { id: 'lag', severity: 'error', fix: /--max-lag/ },
]
