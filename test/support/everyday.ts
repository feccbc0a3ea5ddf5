import type { ClientBase, DatabaseError, QueryResult } from 'pg'

/** What the statements need besides the table `items`. */
export const EVERYDAY_SCHEMA = `create sequence numbers;
     create table heap as select g as id from generate_series(1, 3) g;
     create table tenants (tenant text, label text);
     insert into tenants values ('a', 'of a'), ('b', 'of b');
     create role reader nologin;
     grant select on tenants, items to reader;
     alter table tenants enable row level security;
     create policy own on tenants using (tenant = current_setting('app.tenant', true));
     create function unlabelled() returns int language sql as 'select 1';
     create function looks() returns int language plpgsql as 'begin perform 1; return 1; end'`

/** Statements that applications and tools send. `varies`: the server assigns what they answer. */
export const EVERYDAY: readonly (readonly [sql: string, varies?: 'varies'])[] = [
  ['select pg_is_in_recovery()'],
  ['select version()'],
  ['select current_user, current_database(), current_schema()'],
  ['select count(*) > 0 as some from pg_stat_activity'],
  ['select count(*) > 0 as some from pg_locks'],
  ["select setting from pg_settings where name = 'work_mem'"],
  ['select pg_backend_pid()', 'varies'],
  ['select pg_current_wal_lsn()', 'varies'],
  ['select pg_last_wal_replay_lsn()'],
  ['select pg_current_wal_insert_lsn() is not null as is'],
  ['select txid_current()', 'varies'],
  ['select pg_current_xact_id_if_assigned()'],
  ['select pg_current_snapshot() is not null as is'],
  ['select now() is not null as is'],
  ['select clock_timestamp() is not null as is'],
  ['select random()', 'varies'],
  ['select gen_random_uuid()', 'varies'],
  ["select nextval('numbers')"],
  ["select currval('numbers')"],
  ['select last_value from numbers'],
  ['select unlabelled()'],
  ['select looks()'],
  ['select pg_advisory_xact_lock(1)'],
  ['select pg_advisory_lock(2)'],
  ['select pg_try_advisory_lock(3)'],
  ['select pg_advisory_unlock(3)'],
  ['set statement_timeout = 10000'],
  ["set local statement_timeout = '10s'"],
  ["set application_name = 'me'"],
  ["select set_config('a.b', 'c', false)"],
  ["select set_config('a.b', 'c', true)"],
  ["select set_config('a.b', 'c' || length('dd'), true)"],
  ["select current_setting('a.none', true)"],
  ["select current_setting('in_hot_standby')"],
  ['show in_hot_standby'],
  ['show transaction_read_only'],
  ['show transaction_isolation'],
  ['show work_mem'],
  ['set local work_mem = nonsense'],
  ['set transaction read write'],
  ['set transaction read only'],
  ['set transaction isolation level serializable'],
  ['set transaction isolation level repeatable read'],
  ["set transaction snapshot '00000000-00000000-1'"],
  ['set constraints all deferred'],
  ['reset all'],
  ['discard plans'],
  ['discard all'],
  ['listen news'],
  ['unlisten *'],
  ["notify news, 'hello'"],
  ["select pg_notify('news', 'hello')"],
  ['prepare stored as select 1 as one'],
  ['execute nothing'],
  ['deallocate all'],
  ['lock table items in access share mode'],
  ['lock table items in exclusive mode'],
  ['declare c cursor for select id from items order by id'],
  ['declare c cursor with hold for select id from items order by id'],
  ['fetch 1 from nothing'],
  ['copy (select id from items where id < 3 order by id) to stdout'],
  ['copy items from stdin'],
  ["copy items to program 'cat > /dev/null'"],
  ['explain (costs off) select id from items where id = 1'],
  ['explain (analyze, costs off, timing off, summary off, buffers off) select id from items where id = 1'],
  ["insert into items values (99, 'x')"],
  ['create temp table scrap (id int)'],
  ['create table scrap (id int)'],
  ['select * from items where id = 1 for update'],
  ['vacuum items'],
  ['analyze items'],
  ['checkpoint'],
  ['do $$ begin perform 1; end $$'],
  ['select id from items where id = 1; select pg_is_in_recovery()'],
  ['savepoint s'],
  ['release savepoint nothing'],
  ['rollback to nothing'],
  ["prepare transaction 'x'"],
  ['begin'],
  ['begin isolation level serializable'],
  ['commit and chain'],
  ['select 1 / 0'],
  ['select * from no_such_table'],
  ['no sql at all'],
]

/** What a client hears of a statement, in a form that can be compared. */
async function heard(client: ClientBase, text: string, varies?: 'varies'): Promise<unknown> {
  try {
    const results: QueryResult | QueryResult[] = await client.query(text)
    return [results].flat().map(({ command, fields, rowCount, rows }) => {
      const names = fields.map(({ dataTypeID, name }) => [name, dataTypeID])
      return varies === undefined ? { command, names, rowCount, rows } : { command, names, rowCount }
    })
  } catch (error) {
    const { code, message } = error as DatabaseError
    return { code, message }
  }
}

/** What it hears of the statement in a read-only transaction, and of what follows. */
export async function story(
  client: ClientBase,
  begin: string,
  first: string,
  sql: string,
  varies?: 'varies',
): Promise<unknown> {
  const said: unknown[] = [await heard(client, begin)]
  await client.query("set local application_name = 'story'")
  await client.query('savepoint before')
  if (first !== '') said.push(await heard(client, first))
  said.push(await heard(client, sql, varies))
  said.push(await heard(client, 'select label from items where id = 2'))
  said.push(await heard(client, "select current_setting('application_name') as name"))
  said.push(await heard(client, 'rollback to before'))
  said.push(await heard(client, 'select label from items where id = 3'))
  said.push(await heard(client, "select current_setting('application_name') as name"))
  said.push(await heard(client, 'commit'))
  said.push(client.getTransactionStatus())
  return said
}
