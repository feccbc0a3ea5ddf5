import { describe, expect, it } from 'vitest'
import { blanked } from './blanked.ts'

describe('blanked', () => {
  it.each([
    ['a number', 'select 1', 'select 0'],
    ['several', 'select * from t where a = 12 and b in (3,4)', 'select * from t where a = 0 and b in (0,0)'],
    ['a string', "select 'abc'", "select ''"],
    ['a string with a quote', "select 'it''s' from t", "select '' from t"],
    ['a string that goes on behind a line break', "select 'a'\n  'b' from t", "select '' from t"],
    ['both', "select * from t where a = 'x' limit 10", "select * from t where a = '' limit 0"],
    ['a constant at the end of an operator', 'select 1 where a=-5', 'select 0 where a=-0'],
  ])('empties %s', (_name, sql, expected) => {
    expect(blanked(sql)?.shape).toBe(expected)
  })

  it.each([
    ['names with digits', 'select a1, "b 2" from t3 where x = 7', 'select a1, "b 2" from t3 where x = 0'],
    ['parameters', 'select $1, $12, 3', 'select $1, $12, 0'],
    ['comments', "select 4 /* route: primary 5 'a' */ -- 6", "select 0 /* route: primary 5 'a' */ -- 6"],
    ['fractions', 'select 1.5, .5, 1., 2', 'select 1.5, .5, 1., 0'],
    ['other forms of numbers', 'select 1e3, 0x1F, 1_000, 8', 'select 1e3, 0x1F, 1_000, 0'],
    ['numbers that may be of another type', 'select 3000000000, 4', 'select 3000000000, 0'],
    [
      'strings with escapes',
      "select e'a', u&'b', n'c', b'1', x'2', 'd'",
      "select e'a', u&'b', n'c', b'1', x'2', ''",
    ],
    ['strings in dollars', "select $$a 1 'b'$$, $t$c$t$, 'd'", "select $$a 1 'b'$$, $t$c$t$, ''"],
  ])('leaves %s', (_name, sql, expected) => {
    expect(blanked(sql)?.shape).toBe(expected)
  })

  it.each([
    ['there is nothing to empty', 'select a from t where b = $1'],
    ['a backslash may be an escape', "select 'a\\', 1"],
    ['something is not closed', "select 1, 'a"],
    ['a comment is not closed', 'select 1 /* a'],
    ['a zero byte ends it for the parser', "select 'a\0b', 1"],
    ['half a character is another one for the server', "select 'a\ud800', 1"],
    ['a constant says how to read a name', 'select * from U&"!0061bc" uescape \'!\' where a = 1'],
    ['it is long', `select 1 /* ${'x'.repeat(5000)} */`],
  ])('gives nothing where %s', (_name, sql) => {
    expect(blanked(sql)).toBeUndefined()
  })
})
