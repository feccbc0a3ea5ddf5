import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../catalog/footprint.ts'
import { CONSISTENCIES, type Consistency } from '../consistency/mode.ts'
import type { Position } from '../consistency/position.ts'
import { createSession, type SeenRead, type Session, type SessionStart } from '../consistency/session.ts'
import { writeAt, wroteAt } from '../../test/support/sessions.ts'
import type { Statement, StatementKind } from '../statement/statement.ts'
import { decideRoute, type RouteRequest, type RoutingPolicy } from './decide.ts'
import type { Freshness, Route } from './route.ts'

const WINDOW_MS = 2000
const NOW_MS = 10_000
const policy: RoutingPolicy = { consistency: 'window', windowMs: WINDOW_MS, maxStalenessMs: 700 }
const fresh: Session = createSession()
const wrote = (agoMs: number): Session => wroteAt(NOW_MS - agoMs)

function statement(kind: StatementKind, hint?: 'primary' | 'replica'): Statement {
  const reason = kind === 'read' ? 'select' : 'unknown-statement'
  const base = {
    kind,
    reason,
    mayWrite: kind !== 'read',
    leavesSessionState: false,
    footprint: EVERYTHING,
    multiple: false,
  } as const
  return hint === undefined ? base : { ...base, hint }
}

const read = statement('read')

function decide(what: Statement, session: Session, request: RouteRequest = {}): Route {
  return decideRoute(what, session, { request, keyValues: [] }, policy, NOW_MS)
}

const within = (maxStalenessMs: number): Freshness => ({ maxStalenessMs })
/** Freshness of a read without a bound of its own: without a primary, the writes of the session. */
const window = (withoutPrimarySinceMs = -Infinity): Freshness => ({
  maxStalenessMs: WINDOW_MS,
  withoutPrimarySinceMs,
})

describe('the window', () => {
  it.each([
    ['a session that never wrote', fresh, 'replica', 'read'],
    ['at the moment of the write', wrote(0), 'primary', 'session-wrote'],
    ['just before the window ends', wrote(WINDOW_MS - 1), 'primary', 'session-wrote'],
    ['at the end of the window', wrote(WINDOW_MS), 'replica', 'read'],
    ['long after it', wrote(1_000_000), 'replica', 'read'],
  ] as const)('%s', (_name, session, role, reason) => {
    expect(decide(read, session)).toMatchObject({ role, reason })
  })

  it('a read that may go to a replica needs one that is less than the window behind', () => {
    expect(decide(read, fresh)).toEqual({ role: 'replica', reason: 'read', freshness: window() })
  })

  it('after the window, while there is no primary, one that shows what the session wrote is enough', () => {
    const freshness = window(NOW_MS - WINDOW_MS)
    expect(decide(read, wrote(WINDOW_MS))).toEqual({ role: 'replica', reason: 'read', freshness })
  })
})

describe('requests of the caller and of the text', () => {
  it.each<[string, Statement, Session, RouteRequest, Route['role'], Route['reason'], Freshness?]>([
    ['primary, by the caller', read, fresh, { route: 'primary' }, 'primary', 'asked-primary'],
    ['primary, by the text', statement('read', 'primary'), fresh, {}, 'primary', 'hint-primary'],
    [
      'replica, by the caller, though the session wrote',
      read,
      wrote(0),
      { route: 'replica' },
      'replica',
      'asked-replica',
      window(NOW_MS),
    ],
    [
      'replica, by the text, though the session wrote',
      statement('read', 'replica'),
      wrote(0),
      {},
      'replica',
      'hint-replica',
      window(NOW_MS),
    ],
    [
      'the caller overrides the text: primary',
      statement('read', 'replica'),
      fresh,
      { route: 'primary' },
      'primary',
      'asked-primary',
    ],
    [
      'the caller overrides the text: replica',
      statement('read', 'primary'),
      fresh,
      { route: 'replica' },
      'replica',
      'asked-replica',
      window(),
    ],
    ['no staleness at all', read, fresh, { maxStalenessMs: 0 }, 'primary', 'asked-primary'],
    [
      'no staleness at all, from a replica: only the primary can',
      read,
      fresh,
      { route: 'replica', maxStalenessMs: 0 },
      'primary',
      'asked-primary',
    ],
    ['less staleness than the window', read, fresh, { maxStalenessMs: 50 }, 'replica', 'read', within(50)],
    [
      'more than the window is not to be had',
      read,
      fresh,
      { maxStalenessMs: 60_000 },
      'replica',
      'read',
      within(2000),
    ],
    ['nor without any limit', read, fresh, { maxStalenessMs: Infinity }, 'replica', 'read', within(2000)],
    [
      'a staleness does not lift the window',
      read,
      wrote(10),
      { maxStalenessMs: 500 },
      'primary',
      'session-wrote',
    ],
    [
      'a staleness holds for an asked replica too',
      read,
      wrote(10),
      { route: 'replica', maxStalenessMs: 50 },
      'replica',
      'asked-replica',
      within(50),
    ],
  ])('%s', (_name, what, session, request, role, reason, freshness) => {
    expect(decide(what, session, request)).toEqual({ role, reason, ...(freshness && { freshness }) })
  })
})

describe('the proof comes first', () => {
  const hint = fc.constantFrom(undefined, 'primary' as const, 'replica' as const)
  const request = fc.record(
    {
      route: fc.constantFrom('primary' as const, 'replica' as const),
      maxStalenessMs: fc.double({ min: 0, noNaN: true }),
    },
    { requiredKeys: [] },
  )
  const session = fc.option(fc.nat(NOW_MS), { nil: undefined }).map(wroteAt)

  it.each(['write', 'transaction', 'session'] as const)('nothing sends a %s to a replica', (kind) => {
    fc.assert(
      fc.property(hint, request, session, (given, asked, who) => {
        expect(decide(statement(kind, given), who, asked)).toEqual({
          role: 'primary',
          reason: 'not-a-read',
        })
      }),
    )
  })

  it('a route to a replica needs a staleness of at most the window', () => {
    fc.assert(
      fc.property(hint, request, session, (given, asked, who) => {
        const route = decide(statement('read', given), who, asked)
        if (route.role === 'primary') return
        const { maxStalenessMs, withoutPrimarySinceMs } = route.freshness
        expect(maxStalenessMs).toBeGreaterThan(0)
        expect(maxStalenessMs).toBeLessThanOrEqual(WINDOW_MS)
        // A bound that the caller named holds with and without a primary.
        const since = asked.maxStalenessMs === undefined ? (who.lastWriteAtMs ?? -Infinity) : undefined
        expect(withoutPrimarySinceMs).toBe(since)
      }),
    )
  })
})

describe('consistency of a read', () => {
  const position: Position = { systemIdentifier: '7000', timeline: 1, lsn: 9n }
  const lastRead: SeenRead = { serverIdentity: 'a', atMs: 5 }
  const fenced = createSession({ position })
  const withPendingFloor = (agoMs: number, given: SessionStart = {}): Session => {
    const session = createSession({ position, ...given })
    session.wrote(writeAt(NOW_MS - agoMs))
    return session
  }
  const reading = createSession({ position, isMonotonic: true })
  reading.readFrom(lastRead)
  const claimed: Position = { ...position, lsn: 12n }
  const claiming = createSession({ position })
  claiming.claims(claimed, NOW_MS, { state: { name: 'asked' }, settled: () => Promise.resolve() })
  const sentToPrimary = (agoMs: number): Session => createSession({ primaryUntilMs: NOW_MS - agoMs })

  it.each<[Consistency, string, Session, RouteRequest, Route['reason'], Freshness?]>([
    ['strong', 'a new session', fresh, {}, 'strong'],
    ['strong', 'with a bound', fresh, { maxStalenessMs: 50 }, 'strong'],
    ['eventual', 'a session that wrote', withPendingFloor(0), {}, 'read', {}],
    ['eventual', 'with a bound', withPendingFloor(0), { maxStalenessMs: 50 }, 'read', within(50)],
    ['eventual', 'a session whose token asks for the primary', sentToPrimary(-1), {}, 'read', {}],
    ['bounded', 'a session that wrote', withPendingFloor(0), {}, 'read', within(700)],
    [
      'bounded',
      'with a bound of its own, be it longer',
      fresh,
      { maxStalenessMs: 5000 },
      'read',
      within(5000),
    ],
    ['bounded', 'with none', fresh, { maxStalenessMs: 0 }, 'asked-primary'],
    ['causal', 'a new session', fresh, {}, 'read', {}],
    ['causal', 'a known position', fenced, {}, 'read', { position }],
    ['causal', 'with a bound', fenced, { maxStalenessMs: 50 }, 'read', { position, maxStalenessMs: 50 }],
    ['causal', 'a read before', reading, {}, 'read', { position, after: [lastRead] }],
    ['causal', 'an unknown position', withPendingFloor(7), {}, 'read', { position, sinceMs: NOW_MS - 7 }],
    ['causal', 'the position of a claim', claiming, {}, 'read', { position: claimed }],
    ['causal', 'a token that asks for the primary', sentToPrimary(-1), {}, 'token-primary'],
    ['causal', 'one that did', sentToPrimary(0), {}, 'read', {}],
    [
      'causal',
      'a replica that was asked for',
      withPendingFloor(0),
      { route: 'replica' },
      'asked-replica',
      {},
    ],
    ['causal', 'the primary that was asked for', fenced, { route: 'primary' }, 'asked-primary'],
    ['window', 'a token that asks for the primary', sentToPrimary(-1), {}, 'token-primary'],
    ['window', 'one that did', sentToPrimary(0), {}, 'read', window()],
    ['window', 'a known position counts for nothing', fenced, {}, 'read', window()],
    ['window', 'a session that wrote', withPendingFloor(0), {}, 'session-wrote'],
  ])('%s: %s', (consistency, _name, session, request, reason, freshness) => {
    const ofPool = { ...policy, consistency }
    const route = decideRoute(read, session, { request, keyValues: [] }, ofPool, NOW_MS)
    expect(route).toMatchObject({ role: freshness === undefined ? 'primary' : 'replica', reason })
    if (freshness !== undefined) expect(route).toEqual({ role: 'replica', reason, freshness })
    // The query wins over its session, the session over its pool.
    if (session.lastReads.length > 0 || request.route === 'replica') return
    const other = { ...policy, consistency: consistency === 'strong' ? 'eventual' : 'strong' } as const
    expect(
      decideRoute(read, session, { request: { ...request, consistency }, keyValues: [] }, other, NOW_MS),
    ).toEqual(route)
    const said = { ...fieldsOf(session), consistency }
    expect(decideRoute(read, said, { request, keyValues: [] }, other, NOW_MS)).toEqual(route)
  })

  it.each(CONSISTENCIES)('only a proven read leaves the primary (%s)', (consistency) => {
    const request = { consistency, route: 'replica' } as const
    expect(decideRoute(statement('write'), fresh, { request, keyValues: [] }, policy, NOW_MS)).toMatchObject({
      role: 'primary',
    })
  })
})

/** Copies the properties of a session into an object. */
function fieldsOf(session: Session): Session {
  const { consistency, lastReads, lastWriteAtMs, position, primaryUntilMs, floorPendingSinceMs } = session
  const { pending, tier } = session
  const changedAtMs: Session['changedAtMs'] = (what, values) => session.changedAtMs(what, values)
  return {
    changedAtMs,
    pending,
    consistency,
    lastReads,
    lastWriteAtMs,
    position,
    primaryUntilMs,
    tier,
    floorPendingSinceMs,
  }
}
