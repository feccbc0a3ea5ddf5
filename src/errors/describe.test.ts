import { expect, test } from 'vitest'
import { describe } from './describe.ts'

const SECRET = 'hunter2'

test.each<[unknown, string]>([
  ['', '""'],
  ['a "b"', String.raw`"a \"b\""`],
  ['x'.repeat(20), `"${'x'.repeat(20)}"`],
  ['x'.repeat(21), 'a string of 21 characters'],
  [`joe:${SECRET}@db`, 'a string of 14 characters'],
  [`host=db password=${SECRET}`, 'a string of 24 characters'],
  [`db?password=${SECRET}`, 'a string of 19 characters'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Number.NaN, 'NaN'],
  [10n, '10'],
  [Symbol('mark'), 'Symbol(mark)'],
  [() => SECRET, 'a function'],
  [[SECRET], 'an array'],
  [{ password: SECRET }, 'an object'],
  [Object.create(null), 'an object'],
])('%o is described as %s', (value, described) => {
  expect(describe(value)).toBe(described)
})
