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
