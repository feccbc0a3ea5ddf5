import { describe, expect, it } from 'vitest'
import { classify } from './classify.ts'
import { showsData, synchronizes } from './shows-data.ts'

describe('showsData', () => {
  it.each<[boolean, string]>([
    [true, 'select count(*), pg_backend_pid() from items'],
    [true, "select count(*), current_setting('search_path') from items"],
    [true, 'select * from pg_stat_activity'],
    [true, 'select pg_advisory_lock(1)'],
    [true, 'update items set id = id returning *'],
    [true, 'fetch 10 from c'],
    [true, 'execute q'],
    [true, 'call p()'],
    [true, 'explain analyze delete from items'],
    [true, 'listen a'],
    [true, 'begin; select * from items; commit'],
    [false, 'begin'],
    [false, 'commit'],
    [false, 'savepoint a'],
    [false, "set search_path = 'a'"],
    [false, "select set_config('app.tenant', 'a', false)"],
    [false, 'show search_path'],
    [false, 'discard all'],
    [false, 'prepare q as select 1'],
  ])('%s: %s', async (expected, sql) => {
    expect(showsData(await classify(sql))).toBe(expected)
  })
})

describe('synchronizes', () => {
  it.each<[boolean, string]>([
    [true, 'select pg_advisory_lock(1)'],
    [true, 'select pg_try_advisory_lock(1, 2)'],
    [true, 'select pg_advisory_xact_lock_shared(1)'],
    [true, 'select pg_catalog.pg_advisory_lock(1)'],
    [true, 'do $$ begin perform pg_advisory_lock(1); end $$'],
    [true, 'lock table items in share mode'],
    [true, 'begin; lock items; update items set id = 1; commit'],
    [true, 'select * from items for update'],
    [true, 'select * from items for no key update skip locked'],
    [true, 'select * from items for key share'],
    [true, 'listen a'],
    [false, 'select pg_backend_pid() from items'],
    [false, 'update items set id = id'],
    [false, "insert into items values ('lock')"],
    [false, 'create table locks (id int)'],
    [false, 'commit'],
  ])('%s: %s', async (expected, sql) => {
    expect(synchronizes(await classify(sql))).toBe(expected)
  })
})
