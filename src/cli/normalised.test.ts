import { expect, it } from 'vitest'
import { normalised } from './normalised.ts'

it.each([
  ["select 'a' , 1.5, $1", 'select ? , ?, $1'],
  ["  select E'a\\'b' /* c */ from t -- d\n where x=1", 'select ? from t where x=?'],
  ["select $x$secret$x$, U&'\\0061', B'01'", 'select ?, U&?, ?'],
  ["select 'not closed", 'select ?'],
  ['select "a b" from t1', 'select "a b" from t1'],
])('%s', (sql, text) => {
  expect(normalised(sql)).toBe(text)
})
