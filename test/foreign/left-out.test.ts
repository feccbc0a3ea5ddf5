import { expect, test } from 'vitest'
import { omissionOf } from './left-out.ts'

const cases: readonly (readonly [string, string | undefined])[] = [
  ['select 1', undefined],
  ["select 'a:b', c::int, a[1:n], a[:2], b[1:] -- :x", undefined],
  ['do $$ begin x := 1; end $$', undefined],
  ['select json_object(a: 1, b : c)', undefined],
  ["copy t to stdout with (format 'csv')", undefined],
  ['select sleepy from naps', undefined],
  ['select :x', 'needs a variable of its runner'],
  ["select :'x'", 'needs a variable of its runner'],
  ['select * from t_${i}', 'needs a variable of its runner'],
  ["copy t to program 'cat'", 'shell program'],
  ["alter system set a = 'b'", 'server settings'],
  ["copy t from '/etc/passwd'", 'files of the server'],
  ["select pg_read_file('x')", 'files of the server'],
  ['select pg_sleep(5)', 'sleeps'],
  ['select pg_terminate_backend(1)', 'other sessions'],
  ['create database x', 'databases'],
  ["select dblink_connect('host=x')", 'network'],
  ['alter role postgres nosuperuser', 'role of the tests'],
  ["create function f() returns int as 'a' language c", 'untrusted languages'],
  ['create function f() returns int language plpython3u as $$ $$', 'untrusted languages'],
  ['select count(*) from generate_series(1, 10000000)', 'millions of rows'],
]

test.each(cases)('%s', (sql, reason) => {
  expect(omissionOf({ sql })).toBe(reason)
})
