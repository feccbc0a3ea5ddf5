import { expect, test } from 'vitest'
import { EVERYTHING } from '../catalog/footprint.ts'
import type { Statement } from '../statement/statement.ts'
import { AdvisoryLocks } from './advisory-locks.ts'

const statement: Statement = {
  kind: 'session',
  reason: 'function-session',
  mayWrite: false,
  leavesSessionState: true,
  leaves: ['advisory-lock'],
  footprint: EVERYTHING,
  multiple: false,
}

/** A text with the value that the server gives; `Error` when it fails. */
type Step = readonly [sql: string, value: unknown]

function afterwards(steps: readonly Step[]): boolean {
  const locks = new AdvisoryLocks()
  for (const [sql, value] of steps) {
    locks.starts(statement, sql)
    locks.ended(value === Error, { rows: [{ value }] })
  }
  return locks.areFree
}

const LOCK: Step = ['SELECT pg_advisory_lock(1)', '']
const UNLOCK: Step = ['SELECT pg_advisory_unlock(1)', true]
const ALL: Step = ['select pg_catalog.pg_advisory_unlock_all();', '']

test.each<[string, readonly Step[], boolean]>([
  ['none was taken', [], true],
  ['one was taken', [LOCK], false],
  ['one was taken and let go', [LOCK, UNLOCK], true],
  ['one was taken twice and let go once', [LOCK, LOCK, UNLOCK], false],
  ['one was taken twice and let go twice', [LOCK, LOCK, UNLOCK, UNLOCK], true],
  ['another one was to be let go', [LOCK, ['select pg_advisory_unlock(2)', false]], false],
  ['letting go has failed', [LOCK, ['select pg_advisory_unlock(1)', Error]], false],
  ['one is let go that was there before', [UNLOCK, LOCK], false],
  ['nobody knows what letting go has given', [LOCK, ['select pg_advisory_unlock(1)', undefined]], false],
  ['taking has failed: it may have come too late', [['select pg_advisory_lock(1)', Error]], false],
  ['it was not to be had', [['select pg_try_advisory_lock(1) as ok', false]], true],
  ['it was to be had', [['select pg_try_advisory_lock(1) as ok', true]], false],
  ['it was to be had, and is let go', [['select pg_try_advisory_lock(1, 2)', true], UNLOCK], true],
  [
    'values are texts',
    [['select pg_try_advisory_lock(1)', 'f'], LOCK, ['select pg_advisory_unlock(1)', 't']],
    true,
  ],
  ['nobody knows whether it was to be had', [['select pg_try_advisory_lock(1)', undefined]], false],
  ['a shared one, by a hash', [['select pg_advisory_lock_shared(hashtext($1))', '']], false],
  [
    'a shared one, by a hash, is let go',
    [
      ["select pg_advisory_lock_shared(hashtext('a b'))", ''],
      ['select pg_advisory_unlock_shared(hashtext($1)::bigint)', true],
    ],
    true,
  ],
  ['all are let go', [LOCK, LOCK, ALL], true],
  ['all were to be let go', [LOCK, [ALL[0], Error]], false],
  ['many at once', [['select pg_advisory_lock(id) from items', ''], UNLOCK], false],
  ['many at once by a set', [['select pg_advisory_lock(generate_series(1, 2))', ''], UNLOCK], false],
  ['two in one', [['select pg_advisory_lock(1), pg_advisory_lock(2)', ''], UNLOCK], false],
  ['two statements', [['select pg_advisory_lock(1); select pg_advisory_lock(2)', ''], UNLOCK], false],
  ['perhaps none', [LOCK, ['select pg_advisory_unlock_all() where false', '']], false],
  ['perhaps another one', [LOCK, ['select pg_advisory_unlock_all(), pg_advisory_lock(1)', '']], false],
  ['many, and then all are let go', [['select pg_advisory_lock(id) from items', ''], ALL], true],
])('%s', (_what, steps, expected) => {
  expect(afterwards(steps)).toBe(expected)
})

test('other statements are none of its business', () => {
  const locks = new AdvisoryLocks()
  locks.starts({ ...statement, leaves: ['listen'] }, 'listen own')
  expect(locks.ended(false, undefined)).toBe(false)
  locks.starts(statement, 'select pg_advisory_lock(1)')
  expect([locks.ended(false, undefined), locks.areFree]).toEqual([true, false])
  locks.clear()
  expect(locks.areFree).toBe(true)
})
