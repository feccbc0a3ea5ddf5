import { describe, expect, it } from 'vitest'
import {
  downView,
  freshAsOf,
  observed,
  pendingView,
  primaryView,
  replicaView,
  snapshotOf,
  suspectedView,
  up,
} from '../../test/support/views.ts'
import type { Position } from '../consistency/position.ts'
import type { Freshness } from '../routing/route.ts'
import type { Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { rejectionOf } from './eligibility.ts'
import type { Rejection } from './query-plan.ts'

const NOW_MS = 10_000
const WITH_PRIMARY = snapshotOf(primaryView('p'))
const WITHOUT = snapshotOf(downView('p'))
const within: Freshness = { maxStalenessMs: 2000 }
const behind = (ms: number): NodeView => replicaView('r', freshAsOf(NOW_MS - ms))

it.each<[string, NodeView, Freshness, Rejection | undefined]>([
  ['fresh as of now', behind(0), within, undefined],
  ['fresh as of just inside the limit', behind(1999), within, undefined],
  [
    'fresh as of the limit: what was committed at that moment may be missing',
    behind(2000),
    within,
    'lagging',
  ],
  ['older than the limit', behind(60_000), within, 'lagging'],
  [
    'behind by nothing, but last proven long ago',
    replicaView('r', { bytes: 0, freshAsOfMs: NOW_MS - 5000 }),
    within,
    'lagging',
  ],
  [
    'behind since long, but proven fresh enough',
    replicaView('r', { bytes: 9, behindSinceMs: 0, freshAsOfMs: NOW_MS - 10 }),
    within,
    undefined,
  ],
  ['a lag that is not known', replicaView('r'), within, 'lag-unknown'],
  [
    'a lag that is not known, whatever may be missing',
    replicaView('r'),
    { maxStalenessMs: Infinity },
    'lag-unknown',
  ],
  ['not answered yet', pendingView('r'), within, 'pending'],
  ['down', downView('r'), within, 'down'],
  [
    'another cluster',
    replicaView('r', freshAsOf(NOW_MS), { exclusion: 'foreign-cluster' }),
    within,
    'foreign-cluster',
  ],
  [
    'another name of a server',
    replicaView('r', freshAsOf(NOW_MS), { exclusion: 'same-server' }),
    within,
    'same-server',
  ],
  ['not answered since it failed', suspectedView('r'), within, 'suspected'],
  [
    'an old primary',
    primaryView('r', { exclusion: 'old-timeline', lag: freshAsOf(NOW_MS) }),
    within,
    'old-timeline',
  ],
  [
    'a primary that takes no writes',
    primaryView('r', { exclusion: 'read-only', lag: freshAsOf(NOW_MS) }),
    within,
    'read-only',
  ],
  ['watched only', replicaView('r', freshAsOf(NOW_MS), { weight: 0 }), within, 'drained'],
  ['a weight of less than 1 is one', replicaView('r', freshAsOf(NOW_MS), { weight: 0.1 }), within, undefined],
  [
    'further behind than allowed, though fresh enough for this read',
    replicaView('r', freshAsOf(NOW_MS), { isTooFarBehind: true }),
    within,
    'too-far-behind',
  ],
  ['not too far behind', replicaView('r', freshAsOf(NOW_MS), { isTooFarBehind: false }), within, undefined],
])('%s', (_name, node, freshness, expected) => {
  expect(rejectionOf(node, freshness, WITH_PRIMARY, NOW_MS)).toBe(expected)
})

/** A replica that was last proven fresh long ago, as when the primary has been gone for long. */
describe('without a primary', () => {
  const lastProvenMs = NOW_MS - 60_000
  const node = replicaView('r', freshAsOf(lastProvenMs))
  const since = (withoutPrimarySinceMs: number): Freshness => ({ ...within, withoutPrimarySinceMs })

  it.each<[string, boolean, Freshness, Rejection | undefined]>([
    ['what the session wrote is enough', false, since(lastProvenMs - 1), undefined],
    ['everything committed before the write ended is', false, since(lastProvenMs), undefined],
    ['less than what the session wrote is not', false, since(lastProvenMs + 1), 'lagging'],
    ['a session that never wrote takes anything', false, since(-Infinity), undefined],
    ['a bound that the caller named holds', false, within, 'lagging'],
    ['with a primary, something may have been committed since', true, since(-Infinity), 'lagging'],
  ])('%s', (_name, hasPrimary, freshness, expected) => {
    expect(rejectionOf(node, freshness, hasPrimary ? WITH_PRIMARY : WITHOUT, NOW_MS)).toBe(expected)
  })

  it.each<[string, NodeView, Rejection]>([
    ['a lag that is not known', replicaView('r'), 'lag-unknown'],
    ['too far behind', { ...node, isTooFarBehind: true }, 'too-far-behind'],
    ['down', downView('r'), 'down'],
    ['watched only', { ...node, weight: 0 }, 'drained'],
  ])('nothing else is forgiven: %s', (_name, other, expected) => {
    expect(rejectionOf(other, since(-Infinity), WITHOUT, NOW_MS)).toBe(expected)
  })
})

describe('a position', () => {
  const wanted: Position = { systemIdentifier: '7000', timeline: 2, lsn: 0x2000n }
  const node = (lsn: string | undefined, given: Partial<Observation> = {}): NodeView =>
    replicaView('r', freshAsOf(NOW_MS), { state: up(observed('replica', lsn, given)) })

  it.each<[string, NodeView, Rejection | undefined]>([
    ['that was reached', node('0/2000', { timeline: 2 }), undefined],
    ['that was passed', node('0/3000', { timeline: 2 }), undefined],
    ['that was not', node('0/1FFF', { timeline: 2 }), 'behind-session'],
    ['on a newer timeline', node('0/2000', { timeline: 3 }), undefined],
    ['on an older one, however far', node('F/0', { timeline: 1 }), 'behind-session'],
    ['of another cluster', node('0/3000', { timeline: 2, systemIdentifier: '1' }), 'behind-session'],
    ['on a timeline that is not known', node('0/3000'), 'behind-session'],
    ['that is not known', node(undefined, { timeline: 2 }), 'behind-session'],
  ])('%s', (_name, candidate, expected) => {
    expect(rejectionOf(candidate, { position: wanted }, WITH_PRIMARY, NOW_MS)).toBe(expected)
  })

  it('does not replace the other conditions', () => {
    const reached = node('0/2000', { timeline: 2 })
    const freshness = { position: wanted, sinceMs: NOW_MS + 1 }
    expect(rejectionOf(reached, freshness, WITH_PRIMARY, NOW_MS)).toBe('behind-session')
  })
})

it.each<[string, Freshness, Rejection | undefined]>([
  ['just in time', { sinceMs: NOW_MS - 10 }, undefined],
  ['a moment too early: it may catch up', { sinceMs: NOW_MS - 9 }, 'behind-session'],
  ['too early for the session, and too old for the read', { sinceMs: NOW_MS, maxStalenessMs: 5 }, 'lagging'],
  ['fresh enough for the read, and too early', { sinceMs: NOW_MS, maxStalenessMs: 50 }, 'behind-session'],
])('everything from before the session wrote, proven %s', (_name, freshness, expected) => {
  expect(rejectionOf(behind(10), freshness, WITH_PRIMARY, NOW_MS)).toBe(expected)
})

describe('after a read', () => {
  const READ_AT_MS = 5000
  const after = [{ serverIdentity: 'a', atMs: READ_AT_MS }]
  const at = (
    id: string,
    lsn: string,
    given: Partial<Observation> = {},
    freshMs = READ_AT_MS - 1,
  ): NodeView =>
    replicaView(id, freshAsOf(freshMs), {
      state: up(
        observed('replica', lsn, { serverIdentity: id, timeline: 1, sentAtMs: READ_AT_MS, ...given }),
      ),
    })
  const received = (receivedLsn: bigint): Partial<Observation> => ({ receivedLsn })
  const a = at('a', '0/2000')

  it.each<[string, NodeView, NodeView, Rejection | undefined]>([
    [
      'the same server needs no proof',
      at('a', '0/1', { sentAtMs: 0 }),
      at('a', '0/1', { sentAtMs: 0 }),
      undefined,
    ],
    ['one beyond where that was seen to be since', at('b', '0/2001'), a, undefined],
    ['one beyond it before the read', at('b', '0/2001', { sentAtMs: 0 }), a, undefined],
    ['one that is as far: the read may have shown the next record', at('b', '0/2000'), a, 'behind-session'],
    ['where there was no next one', at('b', '0/2000'), at('a', '0/2000', received(0x2000n)), undefined],
    ['where there was', at('b', '0/2000'), at('a', '0/2000', received(0x3000n)), 'behind-session'],
    ['one that is behind', at('b', '0/1FFF'), at('a', '0/2000', received(0x2000n)), 'behind-session'],
    [
      'where that one was before the read says nothing',
      at('b', '0/3000'),
      at('a', '0/2000', { sentAtMs: READ_AT_MS - 1 }),
      'behind-session',
    ],
    ['one as fresh as the primary after the read', at('b', '0/1000', {}, READ_AT_MS), a, undefined],
    ['after a server that is gone, too', at('b', '0/1000', {}, READ_AT_MS), downView('a'), undefined],
    ['a server that was restarted', at('b', '0/3000'), at('a2', '0/2000'), 'behind-session'],
    ['one that is gone', at('b', '0/3000'), downView('a'), 'behind-session'],
    ['one that cannot tell where it is', at('b', '0/3000'), at('a', 'x'), 'behind-session'],
    [
      'on an older timeline',
      at('b', '0/3000', { timeline: 1 }),
      at('a', '0/2000', { timeline: 2 }),
      'behind-session',
    ],
  ])('%s', (_name, candidate, last, expected) => {
    const snapshot = snapshotOf(primaryView('p'), last, candidate)
    expect(rejectionOf(candidate, { after }, snapshot, NOW_MS)).toBe(expected)
  })

  it.each<[string, NodeView, Rejection | undefined]>([
    ['a server that has reached it', at('b', '0/2001'), undefined],
    ['one that has not', at('b', '0/2000'), 'behind-session'],
    ['its own server, wherever that is', at('a', '0/1'), undefined],
  ])('that has shown no more than a position: %s', (_name, candidate, expected) => {
    const upTo = { systemIdentifier: '7000', timeline: 1, lsn: 0x2001n }
    const freshness = { after: [{ serverIdentity: 'a', atMs: READ_AT_MS, upTo }] }
    const snapshot = snapshotOf(primaryView('p'), downView('a'), candidate)
    expect(rejectionOf(candidate, freshness, snapshot, NOW_MS)).toBe(expected)
  })

  it('after several, it has to show what each of them showed', () => {
    const snapshot = snapshotOf(primaryView('p'), a, at('b', '0/3000'))
    const both = [...after, { serverIdentity: 'b', atMs: READ_AT_MS }]
    expect(rejectionOf(at('b', '0/3000'), { after: both }, snapshot, NOW_MS)).toBeUndefined()
    expect(rejectionOf(a, { after: both }, snapshot, NOW_MS)).toBe('behind-session')
    expect(rejectionOf(at('c', '0/2500'), { after: both }, snapshot, NOW_MS)).toBe('behind-session')
    expect(rejectionOf(at('c', '0/3001'), { after: both }, snapshot, NOW_MS)).toBeUndefined()
  })
})

describe('a position that follows from how fresh a replica is', () => {
  const wanted: Position = { systemIdentifier: '7000', timeline: 1, lsn: 0x2000n }
  const stating = (lsn: bigint): NodeView =>
    replicaView(
      'r',
      { statedMs: 5, freshAsOfMs: 7000, shows: { ...wanted, lsn } },
      { state: up(observed('replica', '0/0', { serverIdentity: '7000:r' })) },
    )

  it.each<[bigint, Rejection | undefined]>([
    [0x2000n, undefined],
    [0x1fffn, 'behind-session'],
  ])('%s', (lsn, expected) => {
    expect(rejectionOf(stating(lsn), { position: wanted }, WITH_PRIMARY, NOW_MS)).toBe(expected)
    const after = [{ serverIdentity: '7000:x', atMs: 9000, upTo: wanted }]
    expect(rejectionOf(stating(lsn), { after }, WITH_PRIMARY, NOW_MS)).toBe(expected)
  })
})
