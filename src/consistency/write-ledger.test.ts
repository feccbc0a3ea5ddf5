import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../catalog/footprint.ts'
import type { Statement } from '../statement/statement.ts'
import { createSession, type MutableSession } from './session.ts'
import { OF_ANY_KEY } from './touched.ts'
import { WriteLedger, type StatementFailure } from './write-ledger.ts'

const base = { mayWrite: true, leavesSessionState: false, footprint: EVERYTHING, multiple: false } as const
const insert: Statement = {
  ...base,
  kind: 'write',
  reason: 'data-modifying',
  footprint: { changes: ['t'], shows: ['t'] },
}
const call: Statement = { ...base, kind: 'write', reason: 'function-external' }
const lock: Statement = { ...base, kind: 'write', reason: 'lock-table' }
const ddl: Statement = { ...base, kind: 'write', reason: 'ddl' }
const select: Statement = { ...base, kind: 'read', reason: 'select', mayWrite: false }
const begin: Statement = { ...base, kind: 'transaction', reason: 'begin', mayWrite: false }
const commit: Statement = { ...base, kind: 'transaction', reason: 'commit' }
const twoPhase: Statement = { ...base, kind: 'transaction', reason: 'two-phase' }
const rollback: Statement = { ...base, kind: 'transaction', reason: 'rollback' }
const several: Statement = { ...base, kind: 'transaction', reason: 'commit', multiple: true }

const alice = createSession()
const bob = createSession()
const names = new Map<MutableSession, string>([
  [alice, 'alice'],
  [bob, 'bob'],
])

type Step = readonly [
  Statement,
  MutableSession,
  status: 'I' | 'T' | 'E' | undefined,
  failure?: StatementFailure,
]

/** Lists the sessions that are told after each step. */
function toldBy(steps: readonly Step[]): string[] {
  const ledger = new WriteLedger()
  return steps.map(([statement, session, status, failure = 'none']) => {
    ledger.started(statement, session, OF_ANY_KEY, 0)
    const write = ledger.ended(statement, status, failure)
    if (write === undefined) return '–'
    return (
      [...write.sessions].map((each) => names.get(each)).join(' ') +
      (write.catalogEffect === 'certain' ? ' +catalog' : '')
    )
  })
}

describe('WriteLedger', () => {
  it.each<[string, readonly Step[], readonly string[]]>([
    ['a write of its own', [[insert, alice, 'I']], ['alice']],
    ['a write that failed has left nothing', [[insert, alice, 'I', 'answered']], ['–']],
    ['one whose server was lost may have', [[insert, alice, undefined, 'lost']], ['alice']],
    ['what commits on its way may have, too', [[ddl, alice, 'I', 'answered']], ['alice +catalog']],
    ['a read', [[select, alice, 'I']], ['–']],
    ['DDL', [[ddl, alice, 'I']], ['alice +catalog']],
    ['COMMIT PREPARED, which commits what another connection wrote', [[twoPhase, alice, 'I']], ['alice']],
    [
      'a transaction is told at its commit',
      [
        [begin, alice, 'T'],
        [insert, alice, 'T'],
        [select, alice, 'T'],
        [commit, alice, 'I'],
        [select, alice, 'I'],
      ],
      ['–', '–', '–', 'alice', '–'],
    ],
    [
      'one that only read is not',
      [
        [begin, alice, 'T'],
        [select, alice, 'T'],
        [commit, alice, 'I'],
      ],
      ['–', '–', '–'],
    ],
    [
      'nor one that was rolled back, nor what follows it',
      [
        [begin, alice, 'T'],
        [insert, alice, 'T'],
        [rollback, alice, 'I'],
        [select, alice, 'I'],
      ],
      ['–', '–', '–', '–'],
    ],
    [
      'one whose code may have written over another connection is, although it was rolled back',
      [
        [begin, alice, 'T'],
        [call, alice, 'T'],
        [ddl, alice, 'T'],
        [rollback, alice, 'I'],
        [rollback, alice, 'I'],
      ],
      ['–', '–', '–', 'alice', '–'],
    ],
    ['nor does an error of such a statement undo that', [[call, alice, 'I', 'answered']], ['alice']],
    [
      'DDL is, too: it may have run code, as the query of a new table does',
      [
        [begin, alice, 'T'],
        [ddl, alice, 'T'],
        [rollback, alice, 'I'],
      ],
      ['–', '–', 'alice'],
    ],
    [
      'one that runs no code is not',
      [
        [begin, alice, 'T'],
        [lock, alice, 'T'],
        [rollback, alice, 'I'],
      ],
      ['–', '–', '–'],
    ],
    [
      'a commit that goes on in another transaction',
      [
        [begin, alice, 'T'],
        [insert, alice, 'T'],
        [commit, alice, 'T'],
        [rollback, alice, 'I'],
      ],
      ['–', '–', 'alice', '–'],
    ],
    [
      'a text that commits and begins anew keeps what is open',
      [
        [begin, alice, 'T'],
        [insert, alice, 'T'],
        [several, alice, 'T'],
        [commit, alice, 'I'],
      ],
      ['–', '–', 'alice +catalog', 'alice +catalog'],
    ],
    [
      'every session that wrote in it, and the one that commits',
      [
        [begin, alice, 'T'],
        [insert, alice, 'T'],
        [ddl, bob, 'T'],
        [commit, bob, 'I'],
      ],
      ['–', '–', '–', 'alice bob +catalog'],
    ],
    [
      'an unknown outcome is told, and told again once it is known',
      [
        [insert, alice, undefined, 'answered'],
        [select, bob, 'I'],
      ],
      ['alice', 'alice'],
    ],
    [
      'a failed commit may have committed',
      [
        [begin, alice, 'T'],
        [insert, alice, 'T'],
        [commit, alice, 'I', 'answered'],
      ],
      ['–', '–', 'alice'],
    ],
  ])('%s', (_name, steps, told) => {
    expect(toldBy(steps)).toEqual(told)
  })
})
