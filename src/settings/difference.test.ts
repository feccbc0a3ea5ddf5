import { expect, test } from 'vitest'
import { difference } from './difference.ts'
import { Journal, resetSql } from './journal.ts'

const journal = (...names: readonly string[]): Journal =>
  names.reduce((all, name) => all.with(name, `SET ${name}`), Journal.empty)

test('the same settings differ in nothing', () => {
  expect(difference(journal('a', 'b'), journal('a', 'b'), undefined)).toEqual([])
})

test('what is gone is left, and what is there is not made twice', () => {
  expect(difference(journal('a', 'b'), journal('b', 'c'), undefined)).toEqual(['RESET "a"', 'SET c'])
})

test('a role is left before anything, and taken on behind everything', () => {
  const from = journal('role', 'a')
  const to = journal('session_authorization', 'role', 'b')
  expect(difference(from, to, undefined)).toEqual([
    'RESET "role"',
    'RESET "a"',
    'SET b',
    'SET session_authorization',
    'SET role',
  ])
})

test('what was set when it connected is gone back to', () => {
  const own = new Map([
    ['a', '1'],
    ['b', null],
  ])
  expect(difference(journal('a', 'b'), Journal.empty, own)).toEqual([
    `SELECT pg_catalog.set_config( E'a', E'1', false)`,
    'RESET "b"',
  ])
})

test('a reset of what was never set there is nothing to do', () => {
  const to = Journal.empty.with('a', resetSql('a'))
  expect(difference(Journal.empty, to, undefined)).toEqual([])
  expect(difference(to, Journal.empty, undefined)).toEqual([])
  expect(difference(Journal.empty, to, new Map([['a', '1']]))).toEqual(['RESET "a"'])
})
