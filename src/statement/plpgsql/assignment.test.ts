import { expect, test } from 'vitest'
import { sidesOf } from './assignment.ts'

const assignments: readonly (readonly [text: string, sides: readonly string[] | undefined])[] = [
  ['a := 1', ['a', '1']],
  ['a = 1', ['a', '1']],
  ['a:=b=c', ['a', 'b=c']],
  ['a.b.c := d := 1', ['a.b.c', 'd := 1']],
  ['$1 := 2', ['$1', '2']],
  ['$1.b = 2', ['$1.b', '2']],
  ['"a := b" := 1', ['"a := b"', '1']],
  ['a[f(x := 1)] := 2', ['a[f(x := 1)]', '2']],
  ['a[b = c][d:e] := 2', ['a[b = c][d:e]', '2']],
  ["a['='] := 2", ["a['=']", '2']],
  ['a /* := */ -- =\n = 2', ['a /* := */ -- =', '2']],
  ['a :=', ['a', '']],
  ['a', undefined],
  ['a : = 1', ['a :', '1']],
  ['', undefined],
  ["a ':= 1", undefined],
  ['a[b := 1', undefined],
]

test.each(assignments)('%j', (text, sides) => {
  expect(sidesOf(text)?.map((side) => side.trim())).toEqual(sides)
})
