import { beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryView, replicaView } from '../../test/support/views.ts'
import { SessionContext } from '../consistency/session-context.ts'
import { createSession } from '../consistency/session.ts'
import type { Hold } from '../execution/decision.ts'
import type { Executor } from '../execution/executor.ts'
import { normalizeQuery } from '../client/query-arguments.ts'
import { Query } from '../nodes/query.ts'
import { Journal } from '../settings/journal.ts'
import { SettingKeeper } from '../settings/setting-keeper.ts'
import type { Statement } from '../statement/statement.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'
import { Decider } from './decider.ts'

const READ: Statement = { ...WITHOUT_TEXT, kind: 'read', reason: 'select', mayWrite: false }
const WRITE: Statement = { ...WITHOUT_TEXT, kind: 'write', reason: 'data-modifying' }
const PENDING: Statement = { ...WITHOUT_TEXT, kind: 'write', reason: 'catalog-pending' }
const BEGIN: Statement = {
  ...WITHOUT_TEXT,
  kind: 'transaction',
  reason: 'begin',
  mayWrite: false,
  modes: { accessMode: 'read only' },
}
const STATEMENTS: Readonly<Record<string, Statement>> = {
  read: READ,
  write: WRITE,
  pending: PENDING,
  begin: BEGIN,
}

/** Calls of the decider's parts, in order. */
let log: string[]
let isReady: boolean
let isLoaded: boolean
let hasPrimary: boolean
/** Classification of a pending statement. */
let known: Statement
let isAwaited: boolean
let isKnownSoon: boolean
let decider: Decider

const executor = {
  plan: () => {
    log.push('plan')
    return { steps: [], rejected: [] }
  },
} as unknown as Executor

const context = new SessionContext()

beforeEach(() => {
  log = []
  isReady = true
  isLoaded = true
  hasPrimary = true
  known = READ
  isAwaited = false
  isKnownSoon = true
  let isKnown = false
  decider = new Decider(
    {
      policy: { consistency: 'causal', windowMs: 2_000, maxStalenessMs: 2_000, transactions: 'primary' },
      platform: { now: () => 1_000 },
      readiness: {
        get mayRunUnparsed() {
          return !isLoaded
        },
        get isReady() {
          return isReady
        },
        prepare: async () => {
          log.push('prepare')
          isReady = true
        },
        looked: async () => {
          log.push('look')
          return hasPrimary
        },
        used: () => void log.push('used'),
      },
      judgement: {
        judge: (text = '') => {
          log.push('judge')
          const statement = STATEMENTS[text] ?? WITHOUT_TEXT
          return statement === PENDING && isKnown ? known : statement
        },
        changeKnown: ({ reason }) => {
          if (reason !== 'catalog-pending' || !isKnownSoon) return undefined
          log.push('await the catalog')
          return settle().then(() => void (isKnown = true))
        },
        judgeAnew: async () => {
          log.push('await what has changed')
          isKnown = true
          return known
        },
        start: () => void log.push('start'),
      },
      sessions: {
        context,
        moved: () => undefined,
        awaited: () => {
          if (!isAwaited) return undefined
          log.push('await the session')
          return settle().then(() => void log.push('the session is known'))
        },
      },
      settings: new SettingKeeper(),
      executors: {
        of: ({ tier }) => {
          if (tier !== undefined) throw new Error(`There is no tier ${tier}`)
          return executor
        },
      },
      openings: { mayOpen: () => true },
    },
    { waited: () => {}, decided: () => {} },
  )
})

const session = createSession()
const asked = (text: string): Query => Query.sentOtherwise(text)
const holding = (hold: Hold | undefined): { holds: () => Hold | undefined } => ({ holds: () => hold })
const onPrimary: Hold = { role: 'primary', reason: 'in-transaction', node: primaryView('p') }
const onReplica: Hold = { role: 'replica', reason: 'in-transaction', node: replicaView('a') }

describe('a decision', () => {
  test.each(['read', 'write', 'begin', ''])('about %j is made at once where nothing is awaited', (text) => {
    expect(decider.decide(asked(text), session)).not.toBeInstanceOf(Promise)
    expect(log).toEqual(['used', 'judge', 'plan'])
  })

  test('waits for the first look once, and then judges', async () => {
    isReady = false
    await decider.decide(asked('read'), session)
    expect(log).toEqual(['prepare', 'used', 'judge', 'plan'])
  })

  test('about what the catalog may say otherwise of waits for that, and judges again', async () => {
    const { route, runs } = await decider.decide(asked('pending'), session)
    expect(log).toEqual(['used', 'judge', 'await the catalog', 'judge', 'plan'])
    expect([runs, route.role]).toEqual(['read', 'replica'])
  })

  test('goes to the primary where the catalog does not say so in time', () => {
    isKnownSoon = false
    expect(decider.decide(asked('pending'), session)).toMatchObject({
      runs: 'primary',
      route: { role: 'primary' },
    })
  })

  test.each([
    ['role', `SELECT pg_catalog.set_config( E'role', E'app', false)`, 'primary'],
    ['work_mem', `SELECT pg_catalog.set_config( E'work_mem', E'8MB', false)`, 'replica'],
  ])('about a read of a client that has set %s', (name, sql, role) => {
    const decision = decider.decide(asked('read'), session, Journal.empty.with(name, sql))
    expect(decision).toMatchObject({ route: { role, reason: role === 'primary' ? 'setting' : 'read' } })
  })

  test('about a read waits for its session, and a write does not', async () => {
    isAwaited = true
    await decider.decide(asked('read'), session)
    expect(log).toEqual(['used', 'judge', 'await the session', 'the session is known', 'plan'])
    log.length = 0
    await decider.decide(asked('write'), session)
    expect(log).toEqual(['used', 'judge', 'plan'])
  })

  test('waits for everything that is needed, in this order, each once', async () => {
    isReady = false
    isAwaited = true
    await decider.decide(asked('pending'), session)
    const waits = ['prepare', 'used', 'judge', 'await the catalog', 'judge', 'await the session']
    expect(log).toEqual([...waits, 'the session is known', 'plan'])
  })

  test('about what turns out to be a write does not wait for its session', async () => {
    isAwaited = true
    known = WRITE
    const { runs } = await decider.decide(asked('pending'), session)
    expect(log).not.toContain('await the session')
    expect(runs).toBe('primary')
  })
})

describe('before the parser is loaded', () => {
  const first = (text: string): unknown => decider.decide(asked(text), context.implicit)
  beforeEach(() => {
    isReady = false
    isLoaded = false
  })

  test('the first statement goes to the primary as soon as the nodes have been looked at', async () => {
    expect(await first('SELECT 1')).toMatchObject({
      runs: 'primary',
      statement: { kind: 'write', reason: 'parser-loading', mayWrite: true, leavesSessionState: true },
      route: { role: 'primary' },
    })
    expect(log).toEqual(['look', 'used', 'plan'])
  })

  test('the second one waits for the parser', async () => {
    await first('SELECT 1')
    log.length = 0
    await first('SELECT 1')
    expect(log).toEqual(['prepare', 'used', 'judge', 'plan'])
  })

  test('it waits where there is no primary, or something is wrong', async () => {
    hasPrimary = false
    await first('SELECT 1')
    expect(log).toEqual(['look', 'prepare', 'used', 'judge', 'plan'])
  })

  test.each<readonly [name: string, decide: () => unknown]>([
    ['BEGIN', () => first('BEGIN')],
    ['several statements', () => first('SELECT 1; SET a.b = 1')],
    ['one of a session', () => decider.decide(asked('SELECT 1'), session)],
    [
      'one of a client',
      () => decider.decide(asked('SELECT 1'), context.implicit, undefined, holding(undefined)),
    ],
    ['one without a text', () => decider.decide(Query.sentOtherwise(undefined), context.implicit)],
    ...[{ route: 'replica' }, { consistency: 'eventual' }, { name: 'a' }].map(
      (more) =>
        [
          JSON.stringify(more),
          () => decider.decide(normalizeQuery({ text: 'SELECT 1', ...more }, undefined), context.implicit),
        ] as const,
    ),
  ])('the first statement waits for the parser: %s', async (_name, decide) => {
    await decide()
    expect(log).toEqual(['prepare', 'used', 'judge', 'plan'])
  })
})

describe('a client that is held', () => {
  test.each([
    ['read', 'in-transaction'],
    ['write', 'not-a-read'],
    ['pending', 'in-transaction'],
  ])('to the primary waits for nothing: %s', (text, reason) => {
    isAwaited = true
    const decision = decider.decide(asked(text), session, undefined, holding(onPrimary))
    expect(decision).toMatchObject({ runs: 'held', held: { id: 'p' }, route: { role: 'primary', reason } })
    expect(log).toEqual(['used', 'judge'])
  })

  test('to a replica waits for what has changed where its statement is in doubt', async () => {
    const decision = await decider.decide(asked('pending'), session, undefined, holding(onReplica))
    expect(decision).toMatchObject({ runs: 'held', statement: READ, held: { id: 'a' } })
    expect(log).toEqual(['used', 'judge', 'await what has changed', 'judge'])
    log.length = 0
    expect(decider.decide(asked('read'), session, undefined, holding(onReplica))).not.toBeInstanceOf(Promise)
  })

  test('is asked again whether it is held once the statement is known', async () => {
    const answers = [undefined, onPrimary]
    const holder = { holds: (): Hold | undefined => answers.shift() }
    expect(await decider.decide(asked('pending'), session, undefined, holder)).toMatchObject({ runs: 'held' })
    expect(answers).toEqual([])
  })

  test('has the candidates of its route while it has no connection', () => {
    const hold: Hold = { role: 'primary', reason: 'asked-primary', node: undefined }
    const decision = decider.decide(asked('read'), session, undefined, holding(hold))
    expect(decision).toMatchObject({ runs: 'held', held: undefined, route: { reason: 'asked-primary' } })
  })
})

describe('BEGIN READ ONLY', () => {
  test('of a client opens where a read may go, and waits for its session', async () => {
    isAwaited = true
    const decision = await decider.decide(asked('begin'), session, undefined, holding(undefined))
    expect(decision).toMatchObject({ runs: 'opening', route: { role: 'replica' } })
    expect(log).toContain('await the session')
  })

  test('without an owner runs on the primary', () => {
    expect(decider.decide(asked('begin'), session)).toMatchObject({ runs: 'primary' })
  })
})

describe('an unknown tier', () => {
  const query = asked('read').inTier('reports')

  test('throws where nothing is awaited', () => {
    expect(() => decider.decide(query, session)).toThrow('There is no tier reports')
  })

  test('rejects where something is', async () => {
    isReady = false
    await expect(decider.decide(query, session)).rejects.toThrow('There is no tier reports')
  })
})

test('an explanation loads the catalog, and is the decision', async () => {
  isReady = false
  const { route, statement } = await decider.explain(asked('pending'), session)
  expect(log).toEqual(['prepare', 'start', 'used', 'judge', 'await the catalog', 'judge', 'plan'])
  expect([statement.kind, route.role, route.reason]).toEqual(['read', 'replica', 'read'])
})
