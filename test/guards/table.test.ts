import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { removeFrom, type Guard, type TestSelection } from './guard.ts'
import { GUARDS, QUICK } from './table.ts'

const GUARD: Guard = {
  name: 'some-guard',
  without: 'Something goes wrong.',
  file: 'src/some-file.ts',
  find: 'if (isOver) return',
  replace: '',
  tests: [],
}

it('a guard is removed whatever the white space around it', () => {
  const source = 'start()\n  if (isOver)\n    return\n  goOn()'
  expect(removeFrom(source, { ...GUARD, replace: 'stop($1)' })).toBe('start()\n  stop($1)\n  goOn()')
})

it.each([
  ['absent', 'goOn()', 0],
  ['there twice', 'if (isOver) return\nif (isOver) return', 2],
])('a guard that is %s is an error', (_what, source, matches) => {
  expect(() => removeFrom(source, GUARD)).toThrow(
    `"some-guard" must match src/some-file.ts exactly once, but matches ${matches} times`,
  )
})

it.each(GUARDS)('$name is found once in the source, and its tests exist', (guard) => {
  const source = readFileSync(guard.file, 'utf8')
  expect(removeFrom(source, guard)).not.toBe(source)
  expect(guard.tests.filter((selection) => !exists(selection))).toEqual([])
})

it('there are at least 40 guards, each with a name of its own', () => {
  const names = GUARDS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThanOrEqual(40)
  expect(QUICK).toHaveLength(8)
})

/** Whether the file is there and holds the text that selects tests. */
function exists({ file, name }: TestSelection): boolean {
  return readFileSync(file, 'utf8').includes(name ?? '')
}
