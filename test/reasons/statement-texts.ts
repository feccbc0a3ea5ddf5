/** A constant that must stand in no event. */
export const SECRET = '4111-secret'

/** Objects that statements need for their reasons. */
export const OBJECTS: readonly string[] = [
  'create unlogged table visits (id int)',
  'create sequence numbers',
  `create function opaque(text) returns text volatile language plpgsql as $$ begin execute $1; return $1; end $$`,
  'create view noisy as select opaque(label) from items',
  // Nothing in its text says that it writes, so that its label is believed.
  `create function ticket(text) returns bigint immutable language plpgsql as
    $$ declare ticket bigint; begin execute 'select next' || 'val(''num' || 'bers'')' into ticket; return ticket; end $$`,
  'create function noisy_plus(int, int) returns int volatile language plpgsql as $$ begin execute null; return $1 + $2; end $$',
  'create operator |+| (function = noisy_plus, leftarg = int, rightarg = int)',
  `create function checked(int) returns boolean volatile language plpgsql as $$ begin execute null; return true; end $$`,
  'create domain checked_int as int check (checked(value))',
  'create foreign data wrapper nothing; create server nowhere foreign data wrapper nothing',
  'create foreign table abroad (id int) server nowhere',
  'create function kept() returns int stable language sql as $$ select 1 $$',
]

type Text = readonly [reason: string, sql: string]

/** A statement for each reason that the text and the loaded catalog give, in an order in which one client may run them. */
export const STATEMENTS: readonly Text[] = [
  ['select', `select label from items where label <> '${SECRET}'`],
  ['explain', `explain select '${SECRET}'`],
  ['empty', ''],
  ['copy-to', `copy (select '${SECRET}') to stdout`],
  ['data-modifying', `update items set label = '${SECRET}' where id = 1`],
  [
    'data-modifying-cte',
    `with x as (update items set label = '${SECRET}' where id = 2 returning id) select * from x`,
  ],
  ['row-lock', 'select id from items for share'],
  ['copy-from', 'copy items from stdin'],
  ['copy-program', `copy (select '${SECRET}') to program 'no-such-program'`],
  ['copy-to-file', `copy (select '${SECRET}') to '/nowhere/file'`],
  ['lock-table', 'lock table items'],
  ['maintenance', 'analyze items'],
  ['notify', `notify news, '${SECRET}'`],
  ['server-command', 'checkpoint'],
  ['function-writes', `select nextval('numbers'), '${SECRET}'`],
  ['function-volatile', `select opaque('select ''${SECRET}''')`],
  ['function-node-local', `select pg_is_in_recovery(), '${SECRET}'`],
  ['function-external', `select lo_export(0, '/nowhere/${SECRET}')`],
  ['function-unknown', `select missing('${SECRET}')`],
  ['function-setting', `select current_setting('work_mem'), '${SECRET}'`],
  ['relation-unlogged', 'select * from visits'],
  ['relation-foreign', `select * from abroad where id::text = '${SECRET}'`],
  ['relation-node-local', `select * from pg_stat_activity where query = '${SECRET}'`],
  ['relation-volatile', 'select * from noisy'],
  ['relation-sequence', 'select last_value from numbers'],
  ['relation-unknown', `select * from missing where a = '${SECRET}'`],
  ['operator-volatile', `select 1 |+| 2, '${SECRET}'`],
  ['type-volatile', `select 1::checked_int, '${SECRET}'`],
  ['declared-primary-only', `select kept(), '${SECRET}'`],
  ['unparseable', `select '${SECRET}' from where`],
  ['too-large', `select '${SECRET}' ${", '1'".repeat(6000)}`],
  ['too-deep', `select '${SECRET}', ${'('.repeat(2000)}1${')'.repeat(2000)}`],
  // The catalog is loaded again after these.
  ['select-into', `select '${SECRET}'::text as a into copied`],
  ['ddl', `create table made (a text default '${SECRET}')`],
  ['call', `call missing('${SECRET}')`],
  ['do', `do $$ begin perform '${SECRET}'; end $$`],
  ['set', `set application_name = '${SECRET}'`],
  ['show', 'show application_name'],
  ['load', `load '${SECRET}'`],
  ['function-session', `select pg_advisory_lock(7), '${SECRET}'`],
  ['relation-temporary', `select * from pg_temp.own where a = '${SECRET}'`],
  ['prepare', `prepare p as select '${SECRET}'`],
  ['execute', 'execute p'],
  ['deallocate', 'deallocate p'],
  ['listen', 'listen news'],
  ['begin', 'begin'],
  ['set-transaction', 'set transaction isolation level repeatable read'],
  ['savepoint', 'savepoint s'],
  ['cursor', `declare c cursor for select '${SECRET}'`],
  ['constraints', 'set constraints all deferred'],
  ['rollback', 'rollback'],
  ['two-phase', `commit prepared '${SECRET}'`],
  ['commit', 'commit'],
  ['discard', 'discard plans'],
]
