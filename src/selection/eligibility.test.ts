import { describe, expect, it } from 'vitest'
import {
  downView,
  freshAsOf,
  pendingView,
  primaryView,
  replicaView,
  snapshotOf,
  suspectedView,
} from '../../test/support/views.ts'
import type { Freshness } from '../routing/route.ts'
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
    'fresh as of the limit: what was committed in that moment may be missing',
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
