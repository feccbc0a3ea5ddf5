import { expect, it } from 'vitest'
import { freshAsOf, observed, primaryView, replicaView, snapshotOf, up } from '../../test/support/views.ts'
import type { Freshness } from '../routing/route.ts'
import type { Lag, NodeView } from '../topology/snapshot.ts'
import { judgeReached, type Reached } from './reached.ts'

const NOW_MS = 10_000
const at = (lsn: string, lag: Lag | undefined, given: Partial<NodeView> = {}): NodeView =>
  replicaView('s', lag, {
    state: up(observed('replica', lsn, { timeline: 1, serverIdentity: '7000:x' })),
    ...given,
  })
const position = { systemIdentifier: '7000', timeline: 1, lsn: 0x2000n }
const seen = { serverIdentity: '7000:r', atMs: 900 }
const fresh = freshAsOf(NOW_MS - 10)
/** From before the session's read. */
const stale = freshAsOf(800)
const stuckSince = (behindSinceMs: number): Lag => ({ bytes: 9, freshAsOfMs: 0, behindSinceMs })

/** A replica under a name of its own, seen after the session's read. */
const known = replicaView('r', fresh, {
  state: up(observed('replica', '0/3000', { timeline: 1, serverIdentity: '7000:r' })),
})

it.each<[string, NodeView, Freshness, Reached['is']]>([
  ['has what the session wrote', at('0/2000', fresh), { position }, 'fit'],
  ['needs nothing in particular', at('0/1000', fresh), {}, 'fit'],
  ['is behind by a byte', at('0/1FFF', fresh), { position }, 'behind'],
  ['has replayed nothing for a second', at('0/1000', stuckSince(NOW_MS - 1000)), { position }, 'unfit'],
  ['has not, and nothing is asked of it', at('0/1000', stuckSince(NOW_MS - 1000)), {}, 'fit'],
  ['is further behind than any may be', at('0/3000', fresh, { isTooFarBehind: true }), {}, 'unfit'],
  ['is not as recent as it should be', at('0/3000', fresh), { maxStalenessMs: 5 }, 'passed-over'],
  ['may not show yet what the session wrote', at('0/3000', fresh), { sinceMs: NOW_MS }, 'behind'],
  ['is as old as nobody knows', at('0/3000', undefined), { position }, 'passed-over'],
  [
    'states a lag that proves nothing yet',
    at('0/1000', { statedMs: 5, freshAsOfMs: 800 }),
    { sinceMs: 900 },
    'passed-over',
  ],
  ['is of another cluster', at('0/3000', fresh, { exclusion: 'foreign-cluster' }), {}, 'unfit'],
  ['is a primary', primaryView('s'), {}, 'unfit'],
  ['is beyond another one that was read from', at('0/3001', stale), { after: [seen] }, 'fit'],
  ['is only as far: that one may have shown more', at('0/3000', stale), { after: [seen] }, 'behind'],
  ['shows what the primary had after the read', at('0/3000', fresh), { after: [seen] }, 'fit'],
])('a server that %s', (_name, server, freshness, expected) => {
  const snapshot = snapshotOf(primaryView('p'), known)
  expect(judgeReached(server, freshness, snapshot, false, NOW_MS).is).toBe(expected)
})

it('one that cannot be measured serves where that is allowed', () => {
  const server = at('0/1000', undefined)
  expect(judgeReached(server, {}, snapshotOf(), true, NOW_MS)).toEqual({ is: 'fit', server })
})
