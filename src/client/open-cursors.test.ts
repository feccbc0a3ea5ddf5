import { expect, it } from 'vitest'
import { OpenCursors } from './open-cursors.ts'

it.each<[open: string | undefined, ...texts: string[]]>([
  [undefined],
  ['c', 'declare C cursor for select 1'],
  [undefined, 'declare c cursor for select 1', 'fetch 1 from c', 'CLOSE c;'],
  [undefined, 'declare "C c" cursor for select 1', 'close "C c"'],
  ['"C"', 'declare "C" cursor for select 1', 'close c'],
  ['b', 'declare a cursor for select 1', 'declare b cursor for select 1', 'close a'],
  [undefined, 'declare a cursor for select 1', 'declare b cursor for select 1', 'close all'],
  ['of unknown name', '/* first */ declare a cursor for select 1', 'close a'],
])('the open cursor is %s after %s', (open, ...texts) => {
  const cursors = new OpenCursors()
  for (const text of texts) cursors.runs(text)
  expect(cursors.name).toBe(open)
})
