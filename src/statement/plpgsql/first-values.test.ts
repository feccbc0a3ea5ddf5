import { expect, test } from 'vitest'
import { firstValuesOf } from './first-values.ts'

const bodies: readonly (readonly [body: string, values: readonly string[]])[] = [
  ['', []],
  ['BEGIN a := 1; b = 2; END', []],
  ['DECLARE a int; BEGIN a := 1; END', []],
  ['DECLARE a int := 1; BEGIN END', ['1']],
  ['declare a int = 1; b text default $$;$$; c d.e%TYPE; BEGIN END', ['1', '$$;$$']],
  ['<<l>> DECLARE DECLARE a int := 1; declare b int := 2; BEGIN END', ['1', '2']],
  ['DECLARE BEGIN DECLARE a int := 1; BEGIN END; END', ['1']],
  ['DECLARE a int := f(b := c = d, default); BEGIN END', ['f(b := c = d, default)']],
  ['DECLARE a int := (SELECT begin FROM t); b int := 2; BEGIN END', ['(SELECT begin FROM t)', '2']],
  ['DECLARE a int := begin; b int; c int = 2; BEGIN x := 1; END', ['begin', '2']],
  ['DECLARE "DECLARE a" int := 1; BEGIN END', ['1']],
  [
    "DECLARE a text := 'DECLARE b int := 1;'; -- := 1;\n /* b int := 1; */ BEGIN END",
    ["'DECLARE b int := 1;'"],
  ],
  ['DECLARE a CURSOR FOR SELECT b = 1; c SCROLL CURSOR (d int) IS SELECT d = 1; BEGIN END', []],
  ['DECLARE "a b c" NO SCROLL CURSOR FOR SELECT 1 = 2; BEGIN END', []],
  ['DECLARE a cursors := 1; BEGIN END', ['1']],
  ['DECLARE cursor int := 1; no cursor_type := 2; BEGIN END', ['1', '2']],
  ['DECLARE a int := 1', []],
]

test.each(bodies)('%j', (body, values) => {
  expect(firstValuesOf(body).map((value) => value.trim())).toEqual(values)
})
