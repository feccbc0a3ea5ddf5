import { expect, test } from 'vitest'
import { EVERYTHING } from '../catalog/footprint.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'
import { explanationText } from './explain-text.ts'
import type { Explanation } from './explanation.ts'

const READ: Explanation = {
  statement: {
    ...WITHOUT_TEXT,
    kind: 'read',
    reason: 'select',
    footprint: { changes: [], shows: ['app.items', 'app.users'] },
  },
  session: {
    position: { timeline: 2, lsn: '0/16B3748' },
    lastWriteMsAgo: 12.3,
    pendingForMs: 3,
    lastReads: 1,
  },
  route: {
    role: 'replica',
    reason: 'read',
    freshness: { position: { timeline: 2, lsn: '0/16B3748' }, isMonotonic: true },
  },
  plan: {
    candidates: [
      { node: 'a:5432', role: 'replica', reason: 'replica', lagMs: 4.4 },
      { node: 'p:5432', role: 'primary', reason: 'fallback' },
    ],
    rejected: [{ node: 'b:5432', reason: 'behind-session' }],
  },
}

test('a read: what it shows, what its session must see, and each node with the reason', () => {
  expect(explanationText(READ, 'select …').split('\n')).toEqual([
    'Statement  read (select)',
    'Footprint  changes nothing; shows app.items, app.users',
    'Session    wrote 12 ms ago; must see position 0/16B3748 of timeline 2; must see what it met 3 ms ago, at a position not known yet; must not fall behind its last read on a replica',
    'Route      a replica: a proven read (read)',
    'Freshness  position 0/16B3748 of timeline 2; everything that the session has seen',
    'Nodes      1. a:5432 (replica, 4 ms behind) may serve it (replica)',
    '           2. p:5432 (primary) serves it if no replica can (fallback)',
    '           –  b:5432 is not known to show what the session has written or seen (behind-session)',
  ])
})

test('a statement for the primary: the part that decided, where it stands, and what would free it', () => {
  const sql = 'select a,\n  app.f(1)'
  const text = explanationText(
    {
      statement: {
        ...WITHOUT_TEXT,
        kind: 'write',
        reason: 'function-volatile',
        offender: { text: 'app.f()', position: sql.indexOf('app.f') },
        footprint: EVERYTHING,
      },
      session: { lastReads: 0 },
      route: { role: 'primary', reason: 'not-a-read' },
      plan: { candidates: [{ node: 'p:5432', role: 'primary', reason: 'primary' }], rejected: [] },
      settings: ['role'],
      pins: ['listen'],
    },
    sql,
  )
  expect(text.split('\n')).toEqual([
    'Statement  write (function-volatile)',
    'Because of app.f(), line 2, column 3',
    'Footprint  changes possibly everything; shows possibly everything',
    'Session    has not written',
    'Settings   role',
    'Pinned by  listen',
    'Route      the primary: not a proven read (not-a-read)',
    'Advice     If app.f() writes nothing, label it STABLE or declare it as "readOnly"',
    'Nodes      1. p:5432 (primary) is the primary (primary)',
  ])
})
