import { Client, DatabaseError, type ClientConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failureOf, type Failure } from '../../src/execution/failure.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { SERVER_VERSION } from '../support/server-version.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

interface Given {
  readonly failure: Failure
  readonly code: string | undefined
  readonly routine: string | undefined
}

/** `[what is run, what is made of the error, SQLSTATE, the server's function]`; statements before the last prepare it. */
type Row = readonly [sql: string, failure: Failure, code: string, routine: string]

const refusals: readonly Row[] = [
  ['select * from t for update', 'standby-refusal', '25006', 'PreventCommandIfReadOnly'],
  ["select nextval('s')", 'standby-refusal', '25006', 'PreventCommandIfReadOnly'],
  ['select hidden_nextval()', 'standby-refusal', '25006', 'PreventCommandIfReadOnly'],
  ['select txid_current()', 'standby-refusal', '25006', 'PreventCommandDuringRecovery'],
  ["select pg_notify('a', 'b')", 'standby-refusal', '25006', 'PreventCommandDuringRecovery'],
  ["select pg_replication_origin_create('a')", 'standby-refusal', '25006', 'replorigin_check_prerequisites'],
  ['select * from u', 'standby-refusal', '0A000', 'get_relation_info'],
  ["select table_to_xml('u', true, true, '')", 'standby-refusal', '0A000', 'get_relation_info'],
  [
    'set default_transaction_isolation = serializable; select 1',
    'standby-refusal',
    '0A000',
    'GetSerializableTransactionSnapshot',
  ],
  ['begin isolation level serializable', 'standby-refusal', '0A000', 'call_enum_check_hook'],
  ['begin read write', 'standby-refusal', '0A000', 'call_bool_check_hook'],
  ["select pg_import_system_collations('public')", 'standby-refusal', '55000', 'LockAcquireExtended'],
  ...[
    'pg_current_wal_lsn()',
    'pg_current_wal_insert_lsn()',
    'pg_current_wal_flush_lsn()',
    'pg_switch_wal()',
    "pg_walfile_name('0/1')",
    "pg_walfile_name_offset('0/1')",
    "pg_create_restore_point('x')",
    "brin_summarize_range('t_brin', 0)",
    "brin_desummarize_range('t_brin', 0)",
    "gin_clean_pending_list('t_gin')",
  ].map((call): Row => [`select ${call}`, 'standby-refusal', '55000', call.slice(0, call.indexOf('('))]),
  ["select brin_summarize_new_values('t_brin')", 'standby-refusal', '55000', 'brin_summarize_range'],
  ["select pg_logical_emit_message(true, '', '')", 'standby-refusal', 'XX000', 'GetNewTransactionId'],
  ["select pg_logical_emit_message(false, '', '')", 'standby-refusal', 'XX000', 'XLogBeginInsert'],
  ['explain analyze create table z as select 1', 'standby-refusal', 'XX000', 'GetNewObjectId'],
  ["select currval('s')", 'statement', '55000', 'currval_oid'],
  ['select lastval()', 'statement', '55000', 'lastval'],
  ['select * from unpopulated', 'statement', '55000', 'ExecOpenScanRelation'],
  ["select raises('25006')", 'statement', '25006', 'exec_stmt_raise'],
  ["select raises('40001')", 'statement', '40001', 'exec_stmt_raise'],
  ['select inserts()', 'statement', '0A000', '_SPI_execute_plan'],
  ["set statement_timeout = '20ms'; select pg_sleep(10)", 'statement', '57014', 'ProcessInterrupts'],
]

const since18: readonly Row[] = [
  ['select pg_log_standby_snapshot()', 'standby-refusal', '55000', 'pg_log_standby_snapshot'],
  ...[
    "pg_clear_relation_stats('public', 't')",
    "pg_restore_relation_stats('schemaname', 'public', 'relname', 't')",
  ].map((call): Row => [`select ${call}`, 'standby-refusal', '55000', 'relation_statistics_update']),
  [
    "select pg_restore_attribute_stats('schemaname', 'public', 'relname', 't', 'attname', 'id', 'inherited', false)",
    'standby-refusal',
    '55000',
    'attribute_statistics_update',
  ],
  [
    "select pg_clear_attribute_stats('public', 't', 'id', false)",
    'standby-refusal',
    '55000',
    'pg_clear_attribute_stats',
  ],
]

const before16: readonly Row[] = [
  [
    "select pg_create_logical_replication_slot('a', 'pgoutput')",
    'standby-refusal',
    '0A000',
    'CheckLogicalDecodingRequirements',
  ],
]

const setup = `
  create table t (id int, v text);
  insert into t select g, 'words' from generate_series(1, 1000) g;
  create index t_brin on t using brin (id);
  create index t_gin on t using gin (to_tsvector('simple', v));
  create unlogged table u (i int);
  create sequence s;
  create materialized view unpopulated as select 1 with no data;
  create function raises(text) returns int language plpgsql as
    $$ begin raise exception 'its own choice' using errcode = $1; end $$;
  create function inserts() returns int language plpgsql immutable as
    $$ begin insert into t values (0); return 1; end $$;
  create function hidden_nextval() returns int language plpgsql immutable as
    $$ begin perform nextval('s'); return 1; end $$`

const ofVersion = [...(SERVER_VERSION < 16 ? before16 : []), ...(SERVER_VERSION >= 18 ? since18 : [])]
const conflicts = SERVER_VERSION < 17 ? 'ProcessInterrupts' : 'ProcessRecoveryConflictInterrupt'

describe(`a standby of PostgreSQL ${SERVER_VERSION}`, () => {
  let cluster: Cluster
  let standby: ClientConfig

  beforeAll(async () => {
    cluster = await sharedCluster({
      replicas: 1,
      // Conflicts come at once.
      settings: { wal_level: 'logical', hot_standby_feedback: false, max_standby_streaming_delay: '50ms' },
    })
    await ask(cluster.primary.config, setup)
    await ask(cluster.primary.config, 'create database doomed')
    await cluster.caughtUp()
    standby = cluster.replicas[0]?.config ?? {}
  })
  afterAll(() => cluster?.stop())

  it.each([...refusals, ...ofVersion])('%s', async (sql, failure, code, routine) => {
    expect(await errorOf(sql, standby)).toEqual({ failure, code, routine })
  })

  it('a cached plan whose result has changed is the connection’s trouble', async () => {
    await ask(cluster.primary.config, 'create table changing (i int)')
    await cluster.caughtUp()
    const client = new Client(standby)
    await client.connect()
    const query = { name: 'all', text: 'select * from changing' }
    await client.query(query)
    await ask(cluster.primary.config, 'alter table changing add j int')
    await cluster.caughtUp()
    const error: unknown = await client.query(query).catch((cause: unknown) => cause)
    expect(given(error)).toEqual({ failure: 'statement', code: '0A000', routine: 'RevalidateCachedQuery' })
    await client.end()
  })

  it('values that a statement has no parameters for are the caller’s trouble', async () => {
    const error: unknown = await ask(standby, 'select 1', [2]).catch((cause: unknown) => cause)
    expect(given(error)).toEqual({ failure: 'statement', code: '08P01', routine: 'exec_bind_message' })
  })

  const slow = 'select max(pg_sleep(0.01)::text), count(*) from t'
  it.each([
    ['rows that are removed', 'postgres', slow, ['delete from t where id < 900', 'vacuum t'], '40001'],
    ['a lock', 'postgres', slow, ['alter table t add extra int'], '40001'],
    ['a database that is dropped', 'doomed', 'select pg_sleep(10)', ['drop database doomed'], '57P04'],
  ])('replay gets in the way of a read: %s', async (_, database, sql, hurting, code) => {
    const error = errorOf(sql, { ...standby, database })
    await until('the read runs', async () => {
      const running = 'select 1 from pg_stat_activity where query = $1 and wait_event = $2'
      return (await ask(standby, running, [sql, 'PgSleep'])).length > 0
    })
    for (const statement of hurting) await ask(cluster.primary.config, statement)
    expect(await error).toEqual({ failure: 'recovery-conflict', code, routine: conflicts })
  })
})

describe('a server without a connection to give', () => {
  it('is busy', async () => {
    await using cluster = await sharedCluster({
      replicas: 0,
      settings: { max_connections: 5, max_wal_senders: 2, superuser_reserved_connections: 3 },
    })
    const clients = Array.from({ length: 6 }, () => new Client(cluster.primary.config))
    for (const client of clients) client.on('error', () => {})
    const outcomes = await Promise.allSettled(clients.map((client) => client.connect()))
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(failed.length).toBeGreaterThan(0)
    for (const { reason } of failed) expect(given(reason)).toMatchObject({ failure: 'busy', code: '53300' })
    await Promise.all(clients.map((client) => client.end()))
  })
})

/** Runs texts one after the other, each autocommit, and gives the error of the last. */
async function errorOf(sql: string, config: ClientConfig): Promise<Given | 'ok'> {
  const client = new Client(config)
  client.on('error', () => {})
  await client.connect()
  try {
    for (const text of sql.split('; ')) await client.query(text)
    return 'ok'
  } catch (error) {
    return given(error)
  } finally {
    await client.end()
  }
}

function given(error: unknown): Given {
  if (!(error instanceof DatabaseError)) throw error
  return { failure: failureOf(error), code: error.code, routine: error.routine }
}
