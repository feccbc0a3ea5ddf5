import { expect, test } from 'vitest'
import { cleaningOf } from './cleaning.ts'
import type { Pin } from './session-settings.ts'

const RESET = ['RESET SESSION AUTHORIZATION', 'RESET ROLE', 'RESET ALL']

test.each<[readonly Pin[], readonly string[] | 'close']>([
  [[], []],
  [['temporary-object'], ['DISCARD TEMP']],
  [['cursor'], ['CLOSE ALL']],
  [['listen'], ['UNLISTEN *']],
  [['advisory-lock'], ['SELECT pg_catalog.pg_advisory_unlock_all()']],
  [['setting', 'too-many-settings'], RESET],
  [['backend'], []],
  // Statements prepared by the application cannot be distinguished from those of node-postgres.
  [['prepared-statement'], 'close'],
  [['library', 'listen'], 'close'],
  [['random-seed'], 'close'],
])('state of %j is undone by %j', (pins, expected) => {
  expect(cleaningOf(new Set(pins), false, false)).toEqual(expected)
})

test('an open transaction is ended first, and nothing is undone twice', () => {
  const cleaning = cleaningOf(new Set<Pin>(['unknown', 'listen', 'setting']), true, false)
  expect(cleaning[0]).toBe('ROLLBACK')
  expect(new Set(cleaning).size).toBe(cleaning.length)
  expect(cleaning).toEqual(expect.arrayContaining([...RESET, 'UNLISTEN *', 'DISCARD TEMP', 'CLOSE ALL']))
})

test.each<[Pin, readonly string[] | 'close']>([
  ['listen', 'close'],
  ['temporary-object', 'close'],
  ['backend', []],
  ['unknown', []],
])('where the application has done something when it connected, %s: %j', (pin, expected) => {
  expect(cleaningOf(new Set([pin]), false, true)).toEqual(expected)
})
