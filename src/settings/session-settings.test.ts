import { expect, test } from 'vitest'
import { EVERYTHING } from '../catalog/footprint.ts'
import type { SettingChange } from '../statement/setting-change.ts'
import type { Statement, StatementReason } from '../statement/statement.ts'
import { Journal } from './journal.ts'
import { SessionSettings, type Ending } from './session-settings.ts'

const ordinary = {
  mayWrite: false,
  footprint: EVERYTHING,
  multiple: false,
  leavesSessionState: false,
} as const
const set = (...settings: readonly SettingChange[]): Statement => {
  return {
    ...ordinary,
    kind: 'session',
    reason: 'set',
    leavesSessionState: true,
    leaves: ['setting'],
    settings,
  }
}
const control = (reason: StatementReason, multiple = false): Statement => {
  return { ...ordinary, kind: 'transaction', reason, multiple }
}
const A = set({ change: 'set', name: 'a', sql: 'SET a' })
const B = set({ change: 'set', name: 'b', sql: 'SET b' })

/**
 * A statement, whether a transaction is open before it and behind it, and the command that the server says it has run.
 */
type Step = readonly [statement: Statement, before: 'I' | 'T', behind: 'I' | 'T' | 'E', command?: string]

function after(steps: readonly Step[], session = new SessionSettings(() => false)): SessionSettings {
  for (const [statement, before, status, command] of steps) {
    const isFailed = status === 'E' || command === 'failed'
    const ending: Ending = { wasInTransaction: before === 'T', status, isFailed, command }
    session.starts(statement)
    session.ended(statement, [], ending)
  }
  return session
}

const BEGIN: Step = [control('begin'), 'I', 'T', 'BEGIN']
const COMMIT: Step = [control('commit'), 'T', 'I', 'COMMIT']

test.each<[string, readonly Step[], readonly string[], readonly string[]]>([
  ['outside of a transaction it counts at once', [[A, 'I', 'I']], ['a'], []],
  ['what has failed does not', [[A, 'I', 'I', 'failed']], [], []],
  ['in a transaction it does not count yet', [BEGIN, [A, 'T', 'T']], [], []],
  ['it counts when it is committed', [BEGIN, [A, 'T', 'T'], COMMIT], ['a'], []],
  [
    'it is gone when it is rolled back',
    [BEGIN, [A, 'T', 'T'], [control('rollback'), 'T', 'I', 'ROLLBACK']],
    [],
    [],
  ],
  [
    'a COMMIT that could only roll back is no commit',
    [BEGIN, [A, 'T', 'T'], [control('commit'), 'T', 'I', 'ROLLBACK']],
    [],
    [],
  ],
  [
    'behind ROLLBACK TO it is in doubt',
    [BEGIN, [A, 'T', 'T'], [control('savepoint'), 'T', 'T', 'ROLLBACK'], [B, 'T', 'T'], COMMIT],
    ['b'],
    ['a'],
  ],
  [
    'a savepoint alone changes nothing',
    [BEGIN, [A, 'T', 'T'], [control('savepoint'), 'T', 'T', 'SAVEPOINT'], COMMIT],
    ['a'],
    [],
  ],
  [
    'a text that ends its transaction by itself leaves it in doubt',
    [BEGIN, [A, 'T', 'T'], [control('commit', true), 'T', 'I']],
    [],
    ['a'],
  ],
  ['part of a text that has failed may count', [[{ ...A, multiple: true }, 'I', 'I', 'failed']], [], ['a']],
  [
    'a reset takes it back',
    [
      [A, 'I', 'I'],
      [B, 'I', 'I'],
      [set({ change: 'reset', name: 'a' }), 'I', 'I'],
    ],
    ['b'],
    [],
  ],
  [
    'what the text does not say is asked for',
    [[set({ change: 'computed', name: 'a' }), 'I', 'I']],
    [],
    ['a'],
  ],
  [
    'RESET ALL takes all back',
    [
      [A, 'I', 'I'],
      [B, 'I', 'I'],
      [set({ change: 'reset-all' }), 'I', 'I'],
    ],
    [],
    [],
  ],
])('%s', (_what, steps, names, uncertain) => {
  const session = after(steps)
  expect([[...session.journal.names()], session.uncertain]).toEqual([names, uncertain])
  expect([...session.pins]).toEqual([])
})

test('an uncertain setting becomes the server’s value', () => {
  const session = after([
    [set({ change: 'computed', name: 'a' }, { change: 'computed', name: 'b' }), 'I', 'I'],
  ])
  session.answered(['a', 'b'], ['now', null])
  expect(session.uncertain).toEqual([])
  expect([session.journal.get('a'), session.journal.get('b')]).toEqual([
    `SELECT pg_catalog.set_config( E'a', E'now', false)`,
    undefined,
  ])
})

test('state that it leaves binds before it is sent, until it is released', () => {
  const session = new SessionSettings(() => false)
  session.starts({
    ...ordinary,
    kind: 'session',
    reason: 'listen',
    leavesSessionState: true,
    leaves: ['listen'],
  })
  expect([...session.pins]).toEqual(['listen'])
  session.starts({ ...ordinary, kind: 'write', reason: 'do', leavesSessionState: true })
  expect([...session.pins]).toEqual(['listen', 'unknown'])
  session.released()
  expect([...session.pins]).toEqual([])
})

test('a setting whose name is not known binds', () => {
  const call = set({
    change: 'call',
    name: { parameter: 1 },
    value: { text: 'x' },
    isLocal: { text: 'false' },
  })
  const session = new SessionSettings(() => false)
  const ending = { wasInTransaction: false, status: 'I', isFailed: false, command: undefined } as const
  session.starts(call)
  session.ended(call, [Symbol('no name')], ending)
  expect([...session.pins]).toEqual(['setting'])
})

test('more settings than are kept bind, and are gone with the connection', () => {
  const many = Array.from({ length: 257 }, (_, i): Step => [
    set({ change: 'set', name: `a${i}`, sql: '' }),
    'I',
    'I',
  ])
  const session = after(many)
  expect([...session.pins]).toEqual(['too-many-settings'])
  session.released()
  expect([[...session.pins], session.journal]).toEqual([[], Journal.empty])
})

test('own settings stay on top of another base', () => {
  const session = after([[A, 'I', 'I']])
  session.rebase(Journal.empty.with('b', 'SET b').with('a', 'of the base'))
  expect([[...session.journal.names()], session.journal.get('a')]).toEqual([['b', 'a'], 'SET a'])
  after([[set({ change: 'reset', name: 'b' }), 'I', 'I']], session)
  expect(session.journal.get('b')).toBe('RESET "b"')
})
