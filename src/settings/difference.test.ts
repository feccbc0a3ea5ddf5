import { expect, test } from 'vitest'
import { difference } from './difference.ts'
import { Journal, resetSql } from './journal.ts'

function statements(...args: Parameters<typeof difference>): readonly string[] {
  return difference(...args).statements
}

const journal = (...names: readonly string[]): Journal =>
  names.reduce((all, name) => all.with(name, `SET ${name}`), Journal.empty)

test('the same settings differ in nothing', () => {
  expect(statements(journal('a', 'b'), journal('a', 'b'), undefined)).toEqual([])
})

test('removed settings are reset, and present ones are not made twice', () => {
  expect(statements(journal('a', 'b'), journal('b', 'c'), undefined)).toEqual(['RESET "a"', 'SET c'])
})

test('a role is left before anything, and taken on behind everything', () => {
  const from = journal('role', 'a')
  const to = journal('session_authorization', 'role', 'b')
  expect(statements(from, to, undefined)).toEqual([
    'RESET "role"',
    'RESET "a"',
    'SET b',
    'SET session_authorization',
    'SET role',
  ])
})

test('settings from the start of the connection are restored', () => {
  const own = new Map([
    ['a', '1'],
    ['b', null],
  ])
  expect(statements(journal('a', 'b'), Journal.empty, own)).toEqual([
    `SELECT pg_catalog.set_config( E'a', E'1', false)`,
    'RESET "b"',
  ])
})

test('a reset of what was never set there is nothing to do', () => {
  const to = Journal.empty.with('a', resetSql('a'))
  expect(statements(Journal.empty, to, undefined)).toEqual([])
  expect(statements(to, Journal.empty, undefined)).toEqual([])
  expect(statements(Journal.empty, to, new Map([['a', '1']]))).toEqual(['RESET "a"'])
})

test('given values are parameters, the role last', () => {
  const to = Journal.empty.with('a.b', 'SET a', '1').with('c', 'SET c').with('role', 'SET role', 'x')
  expect(difference(Journal.empty, to, undefined)).toEqual({
    statements: ['SET c'],
    given: [
      ['a.b', '1'],
      ['role', 'x'],
    ],
  })
  const other = Journal.empty.with('a.b', 'SET a2', '2').with('role', 'SET role', 'x')
  expect(difference(to, other, undefined)).toEqual({
    statements: ['RESET "role"', 'RESET "c"'],
    given: [
      ['a.b', '2'],
      ['role', 'x'],
    ],
  })
  expect(difference(to, Journal.empty, undefined)).toEqual({
    statements: ['RESET "role"', 'RESET "a"."b"', 'RESET "c"'],
    given: [],
  })
})
