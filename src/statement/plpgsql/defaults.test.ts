import { expect, test } from 'vitest'
import { countDefaults } from './defaults.ts'

const bodies: readonly (readonly [body: string, count: number])[] = [
  ['', 0],
  ['BEGIN a := 1; b = 2; END', 0],
  ['DECLARE a int; BEGIN a := 1; END', 0],
  ['DECLARE a int := 1; BEGIN END', 1],
  ['declare a int = 1; b text default $$;$$; c d.e%TYPE; BEGIN END', 2],
  ['<<l>> DECLARE DECLARE a int := 1; declare b int := 1; BEGIN END', 2],
  ['DECLARE BEGIN DECLARE a int := 1; BEGIN END; END', 1],
  ['DECLARE a int := (SELECT begin FROM t); b int := 2; BEGIN END', 2],
  ['DECLARE a int := begin; b int; c int = 2; BEGIN x := 1; END', 2],
  ['DECLARE "DECLARE a" int := 1; BEGIN END', 1],
  ["DECLARE a text := 'DECLARE b int := 1;'; -- := 1;\n /* b int := 1; */ BEGIN END", 1],
  ['DECLARE a CURSOR FOR SELECT b = 1; c SCROLL CURSOR (d int) IS SELECT d = 1; BEGIN END', 0],
  ['DECLARE "a b c" NO SCROLL CURSOR FOR SELECT 1 = 2; BEGIN END', 0],
  ['DECLARE a cursors := 1; BEGIN END', 1],
  ['DECLARE cursor int := 1; no cursor_type := 2; BEGIN END', 2],
  ['DECLARE a int := 1', 0],
]

test.each(bodies)('%j', (body, count) => {
  expect(countDefaults(body)).toBe(count)
})
