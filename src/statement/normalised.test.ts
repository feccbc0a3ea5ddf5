import { expect, test } from 'vitest'
import { normalised } from './normalised.ts'

test.each([
  ['select 1', 'select ?'],
  ["select 'secret', name from t where id = 42", 'select ?, name from t where id = ?'],
  ['select * from t where a = $1 and b = $12', 'select * from t where a = $1 and b = $12'],
  ["select * from t where a in (1, 2,3, 'x')", 'select * from t where a in (?)'],
  ['select a, b, 1, c from t', 'select a, b, ?, c from t'],
  ["select E'it\\'s secret', U&'secret', B'01', $q$secret$q$", 'select ?, U&?'],
  ['select 1.5, .5, 1e3, 0x1F, -7', 'select ?, .?, -?'],
  ['select /* secret */ a -- secret\n from\t t', 'select a from t'],
  ['select "Name" from "T 1"', 'select "Name" from "T 1"'],
  ["select 'it''s' || 'secret'\n'secret'", 'select ? || ?'],
  ['insert into t values (1, 2), (3, 4)', 'insert into t values (?), (?)'],
  // A plain word is a constant there.
  ['set app.token = secret', 'set app.token = ?'],
  ['SET LOCAL app.token TO "secret", secret; select secret', 'SET LOCAL app.token TO ?; select secret'],
  ['set time zone secret', 'set time zone ?'],
  ['set a to default; set role reader', 'set a to default; set role reader'],
  ['alter role r in database d set app.token = secret', 'alter role r in database d set app.token = ?'],
  [
    "create function f() returns int set a = -1 set b to secret as 'secret'",
    'create function f() returns int set a = -? set b to ? as ?',
  ],
  [
    'alter table t alter a set default b, alter b set not null',
    'alter table t alter a set default b, alter b set not null',
  ],
  ['update t set a = b, c = d where e = f', 'update t set a = b, c = d where e = f'],
  [
    'insert into t values (1) on conflict (a) do update set b = c',
    'insert into t values (?) on conflict (a) do update set b = c',
  ],
  ['select $1secret', 'select $?'],
  ['', ''],
  // It depends on "standard_conforming_strings" where this constant ends.
  ["select a, 'x\\' , secret from t", 'select a, …'],
  ["select a from t where b = 'secret", 'select a from t where b = …'],
  ['select "secret', 'select …'],
  ["select '\0secret'", '…'],
])('%s', (sql, expected) => {
  expect(normalised(sql)).toBe(expected)
})

test('is cut where it is long', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `column_${index}`)
  expect(normalised(`select ${names.join(', ')} from t`)).toMatch(/^select column_0.{1980,}…$/)
})
