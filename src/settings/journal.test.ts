import { expect, test } from 'vitest'
import { Journal, resetSql } from './journal.ts'

const names = (journal: Journal): readonly string[] => [...journal.names()]

test('there is one that is empty, whichever way it came to that', () => {
  expect(Journal.empty.with('a', 'SET a').without('a')).toBe(Journal.empty)
  expect(Journal.empty.without('a')).toBe(Journal.empty)
})

test('settings stand in the order in which they were made last', () => {
  const journal = Journal.empty.with('a', '1').with('b', '2').with('a', '1')
  expect(names(journal)).toEqual(['b', 'a'])
  expect(journal.with('a', '1')).toBe(journal)
  expect(journal.get('a')).toBe('1')
})

test('it is immutable', () => {
  const journal = Journal.empty.with('a', '1')
  journal.with('b', '2')
  journal.without('a')
  expect(names(journal)).toEqual(['a'])
})

test('settings after the base apply', () => {
  const base = Journal.empty.with('a', 'of the base').with('b', '2')
  const over = Journal.empty.with('a', 'own').over(base)
  expect([names(over), over.get('a')]).toEqual([['b', 'a'], 'own'])
  expect(over.over(Journal.empty)).toBe(over)
})

test('it says what keeps reads on the primary', () => {
  const journal = Journal.empty.with('work_mem', 'SET work_mem').with('role', `SET ROLE E'visitor'`)
  expect(journal.binding).toBe('role')
  expect(journal.with('role', resetSql('role')).binding).toBeUndefined()
})

test('it has bounds', () => {
  let many = Journal.empty
  for (let i = 0; i < 256; i++) many = many.with(`a${i}`, '')
  expect(many.isFull).toBe(false)
  expect(many.with('one more', '').isFull).toBe(true)
  expect(Journal.empty.with('a', 'x'.repeat(65_536)).isFull).toBe(false)
  expect(Journal.empty.with('a', 'x'.repeat(65_537)).isFull).toBe(true)
})

test('names are quoted, part by part', () => {
  expect([resetSql('work_mem'), resetSql('app.User "x"')]).toEqual([
    'RESET "work_mem"',
    'RESET "app"."User ""x"""',
  ])
})
