import { expect, it } from 'vitest'
import { downView, freshAsOf, pendingView, replicaView } from '../../test/support/views.ts'
import type { Freshness } from '../routing/route.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { rejectionOf } from './eligibility.ts'
import type { Rejection } from './query-plan.ts'

const NOW_MS = 10_000
const within: Freshness = { kind: 'within', maxStalenessMs: 2000 }
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
    { kind: 'within', maxStalenessMs: Infinity },
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
  ['the newest is on the primary only', behind(0), { kind: 'newest' }, 'lagging'],
])('%s', (_name, node, freshness, expected) => {
  expect(rejectionOf(node, freshness, NOW_MS)).toBe(expected)
})
