import fc from 'fast-check'
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
import { EVERYTHING } from '../catalog/footprint.ts'
import { wroteAt } from '../../test/support/sessions.ts'
import { decideRoute } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import type { Admission, Health } from './health.ts'
import { planQuery, type Selection } from './plan.ts'
import type { QueryPlan } from './query-plan.ts'

const NOW_MS = 10_000
const WINDOW_MS = 2000
const toReplica: Route = {
  role: 'replica',
  freshness: { maxStalenessMs: WINDOW_MS },
  reason: 'read',
}
const toPrimary: Route = { role: 'primary', reason: 'not-a-read' }
const backwards: Balancer = { order: (candidates) => candidates.toReversed() }

/** Every node is admitted but those named otherwise. */
function healthOf(records: Readonly<Record<string, Admission>>): Health {
  return { admission: (id) => records[id] ?? 'admitted', inFlight: (id) => id.length }
}

function plan(route: Route, snapshot: Snapshot, given: Partial<Selection> = {}): QueryPlan {
  const selection = { balancer: backwards, health: healthOf({}), random: () => 0, spills: true, ...given }
  return planQuery(route, snapshot, selection, NOW_MS)
}

/** Steps as `id:reason`, then rejected nodes as `!id:reason`. */
function shown({ steps, rejected }: QueryPlan): string {
  const all = [
    ...steps.map(({ node, reason }) => `${node.id}:${reason}`),
    ...rejected.map(({ node, reason }) => `!${node.id}:${reason}`),
  ]
  return all.join(' ')
}

const p = primaryView('p')
const fresh = (id: string): NodeView => replicaView(id, freshAsOf(NOW_MS - 10))
const stale = (id: string): NodeView => replicaView(id, freshAsOf(NOW_MS - 60_000))

describe('planQuery', () => {
  it.each<[string, Route, Snapshot, string]>([
    [
      'a read: replicas as the balancer orders them, then the primary',
      toReplica,
      snapshotOf(p, fresh('a'), fresh('b')),
      'b:replica a:replica p:fallback',
    ],
    [
      'a read that no replica may serve',
      toReplica,
      snapshotOf(p, stale('a'), replicaView('b'), downView('c'), pendingView('d')),
      'p:fallback !a:lagging !b:lag-unknown !c:down !d:pending',
    ],
    ['a read without a primary', toReplica, snapshotOf(downView('p'), fresh('a')), 'a:replica !p:down'],
    ['a read with nobody there', toReplica, snapshotOf(downView('p'), downView('a')), '!p:down !a:down'],
    ['a write: the primary alone', toPrimary, snapshotOf(p, fresh('a')), 'p:primary'],
    ['a write without a primary: nobody', toPrimary, snapshotOf(downView('p'), fresh('a')), ''],
    ['a write with two primaries: nobody', toPrimary, snapshotOf(p, primaryView('q'), fresh('a')), ''],
    [
      'a read with two primaries: none of them',
      toReplica,
      snapshotOf(p, primaryView('q'), fresh('a')),
      'a:replica',
    ],
    [
      'the primary under another name is no replica',
      toReplica,
      snapshotOf(p, primaryView('q', { exclusion: 'same-server' })),
      'p:fallback !q:same-server',
    ],
    [
      'the primary of another cluster neither',
      toReplica,
      snapshotOf(p, primaryView('q', { exclusion: 'foreign-cluster' })),
      'p:fallback !q:foreign-cluster',
    ],
  ])('%s', (_name, route, snapshot, expected) => {
    expect(shown(plan(route, snapshot))).toBe(expected)
  })

  it.each<[string, Snapshot, Readonly<Record<string, Admission>>, boolean, string]>([
    [
      'who was ejected comes last, behind the primary',
      snapshotOf(p, fresh('a'), fresh('b')),
      { a: 'ejected' },
      true,
      'b:replica p:fallback a:last-resort !a:ejected',
    ],
    [
      'when all are ejected or full, the primary comes first',
      snapshotOf(p, fresh('a'), fresh('b')),
      { a: 'ejected', b: 'recovering' },
      true,
      'p:fallback a:last-resort b:last-resort !a:ejected !b:recovering',
    ],
    [
      'who is ejected is better than no answer',
      snapshotOf(downView('p'), fresh('a')),
      { a: 'ejected' },
      true,
      'a:last-resort !p:down !a:ejected',
    ],
    [
      'a good record does not make a stale replica fresh, nor a bad one',
      snapshotOf(p, stale('a'), stale('b')),
      { a: 'ejected' },
      true,
      'p:fallback !a:lagging !b:lagging',
    ],
    [
      'the primary takes no reads of replicas if it is not to',
      snapshotOf(p, fresh('a'), fresh('b')),
      { a: 'ejected' },
      false,
      'b:replica a:last-resort !a:ejected',
    ],
    ['then nobody may be left', snapshotOf(p, stale('a')), {}, false, '!a:lagging'],
    [
      'an old primary, and a replica that nobody reads from',
      snapshotOf(p, primaryView('q', { exclusion: 'old-timeline' }), { ...fresh('a'), weight: 0 }),
      {},
      true,
      'p:fallback !q:old-timeline !a:drained',
    ],
    [
      'a suspected primary serves nothing until it answers',
      snapshotOf(suspectedView('p'), fresh('a')),
      {},
      true,
      'a:replica !p:suspected',
    ],
  ])('%s', (_name, snapshot, records, spills, expected) => {
    expect(shown(plan(toReplica, snapshot, { health: healthOf(records), spills }))).toBe(expected)
  })

  it("the route's own primary is no spilling", () => {
    expect(shown(plan(toPrimary, snapshotOf(p, fresh('a')), { spills: false }))).toBe('p:primary')
  })

  it('without a primary, a replica that shows what the session wrote will do', () => {
    const freshness = { maxStalenessMs: WINDOW_MS, withoutPrimarySinceMs: NOW_MS - 60_000 }
    const route: Route = { role: 'replica', reason: 'read', freshness }
    expect(shown(plan(route, snapshotOf(downView('p'), stale('a'))))).toBe('a:replica !p:down')
    expect(shown(plan(route, snapshotOf(p, stale('a'))))).toBe('p:fallback !a:lagging')
  })

  it('the balancer sees eligible replicas only, what is in flight there, and chance as it is given', () => {
    const seen: unknown[] = []
    const balancer: Balancer = {
      order(candidates, { inFlight, nowMs, random }) {
        const ids = candidates.map(({ id }) => id)
        seen.push({ ids, chance: random(), nowMs, busy: ids.map(inFlight) })
        return candidates
      },
    }
    plan(toReplica, snapshotOf(p, stale('a'), fresh('b'), fresh('c')), { balancer, random: () => 0.25 })
    expect(seen).toEqual([{ ids: ['b', 'c'], chance: 0.25, nowMs: NOW_MS, busy: [1, 1] }])
  })

  it('the balancer learns where the read would join others', () => {
    const seen: unknown[] = []
    const balancer: Balancer = {
      order: (candidates, { joins }) => {
        seen.push(joins)
        return candidates
      },
    }
    const selection = { balancer, health: healthOf({}), random: () => 0, spills: true }
    planQuery(toReplica, snapshotOf(p, fresh('a'), fresh('b')), selection, NOW_MS, 'b')
    planQuery(toReplica, snapshotOf(p, fresh('a'), fresh('b')), selection, NOW_MS)
    expect(seen).toEqual(['b', undefined])
  })

  it('the balancer is not asked when there is nothing to order, nor told anything', () => {
    const balancer: Balancer = {
      order: () => expect.unreachable('there is no candidate'),
      started: () => expect.unreachable('nothing has started'),
    }
    expect(shown(plan(toReplica, snapshotOf(p, stale('a')), { balancer }))).toBe('p:fallback !a:lagging')
    expect(shown(plan(toPrimary, snapshotOf(p, fresh('a')), { balancer }))).toBe('p:primary')
    const orderOnly: Balancer = { ...balancer, order: (candidates) => candidates }
    expect(shown(plan(toReplica, snapshotOf(p, fresh('a')), { balancer: orderOnly }))).toBe(
      'a:replica p:fallback',
    )
  })
})

const replica = fc
  .record({
    kind: fc.constantFrom(
      'fresh',
      'lagging',
      'unknown',
      'down',
      'pending',
      'foreign',
      'same',
      'primary-alias',
    ),
    agoMs: fc.nat(5000),
  })
  .map(({ kind, agoMs }) => (id: string): NodeView => {
    switch (kind) {
      case 'unknown':
        return replicaView(id)
      case 'down':
        return downView(id)
      case 'pending':
        return pendingView(id)
      case 'foreign':
        return replicaView(id, undefined, { exclusion: 'foreign-cluster' })
      case 'same':
        return replicaView(id, freshAsOf(NOW_MS), { exclusion: 'same-server' })
      case 'primary-alias':
        return primaryView(id, { exclusion: 'same-server' })
      default:
        return replicaView(id, freshAsOf(NOW_MS - agoMs))
    }
  })
const cluster = fc
  .record({ replicas: fc.array(replica, { maxLength: 6 }), hasPrimary: fc.boolean(), primaryAt: fc.nat(6) })
  .map(({ replicas, hasPrimary, primaryAt }) => {
    const nodes = replicas.map((make, index) => make(`r${index}`))
    return snapshotOf(...nodes.toSpliced(primaryAt, 0, hasPrimary ? p : downView('p')))
  })

const record = fc.constantFrom<Admission>('admitted', 'ejected', 'recovering')
const records = fc
  .array(record, { minLength: 6, maxLength: 6 })
  .map((list) => healthOf(Object.fromEntries(list.map((admission, index) => [`r${index}`, admission]))))

describe('every plan for a read', () => {
  it('has each node once, but that who is last resort is rejected for it, too', () => {
    fc.assert(
      fc.property(cluster, records, (snapshot, health) => {
        const { steps, rejected } = plan(toReplica, snapshot, { health })
        const firsts = steps.filter(({ reason }) => reason !== 'last-resort')
        const ids = [...firsts, ...rejected].map(({ node }) => node.id)
        expect(ids.toSorted()).toEqual(snapshot.nodes.map(({ id }) => id).toSorted())
        const unwell = rejected.filter(({ reason }) => reason === 'ejected' || reason === 'recovering')
        const lasts = steps.filter(({ reason }) => reason === 'last-resort')
        expect(lasts.map(({ node }) => node)).toEqual(unwell.map(({ node }) => node))
      }),
    )
  })

  it('has replicas first, then the primary, if it may, then the last resort', () => {
    fc.assert(
      fc.property(cluster, records, fc.boolean(), (snapshot, health, spills) => {
        const { steps } = plan(toReplica, snapshot, { health, spills })
        const order = ['replica', 'fallback', 'last-resort']
        const reasons = steps.map(({ reason }) => order.indexOf(reason))
        expect(reasons).toEqual(reasons.toSorted((x, y) => x - y))
        const fallbacks = steps.filter(({ reason }) => reason === 'fallback').map(({ node }) => node)
        expect(fallbacks).toEqual(spills && snapshot.primary !== undefined ? [snapshot.primary] : [])
        for (const { node, reason } of steps) {
          if (reason === 'fallback') continue
          expect(node).toMatchObject({ role: 'replica', state: { name: 'up' } })
          expect(node.exclusion).toBeUndefined()
        }
      }),
    )
  })

  it('shows a session everything that it wrote, at any time after the write', () => {
    const select: Statement = {
      kind: 'read',
      reason: 'select',
      mayWrite: false,
      leavesSessionState: false,
      footprint: EVERYTHING,
      multiple: false,
    }
    const staleness = fc.record({ maxStalenessMs: fc.nat(10_000) }, { requiredKeys: [] })
    fc.assert(
      fc.property(cluster, records, fc.nat(NOW_MS), staleness, (snapshot, health, lastWriteAtMs, request) => {
        const policy = { consistency: 'window', windowMs: WINDOW_MS, maxStalenessMs: WINDOW_MS } as const
        const route = decideRoute(select, wroteAt(lastWriteAtMs), { request, keyValues: [] }, policy, NOW_MS)
        for (const { node, reason } of plan(route, snapshot, { health }).steps) {
          // Everything committed before that moment is there, and the write was committed before it ended.
          if (reason !== 'fallback' && reason !== 'primary') {
            expect(node.lag?.freshAsOfMs).toBeGreaterThanOrEqual(lastWriteAtMs)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a session that goes on', () => {
  const at = (id: string, lsn: string): NodeView =>
    replicaView(id, freshAsOf(NOW_MS), {
      state: up(observed('replica', lsn, { serverIdentity: id, timeline: 1 })),
    })
  const after = (...ids: readonly string[]): Route => ({
    role: 'replica',
    reason: 'read',
    freshness: { after: ids.map((serverIdentity) => ({ serverIdentity, atMs: 0 })) },
  })
  const leaving = (serverIdentity: string, next: string): Route => ({
    role: 'replica',
    reason: 'read',
    freshness: { after: [{ serverIdentity, atMs: 0, next }] },
  })
  const behind = (lsn: bigint): Route => ({
    role: 'replica',
    reason: 'read',
    freshness: { position: { systemIdentifier: '7000', timeline: 1, lsn } },
  })
  const all = snapshotOf(p, at('a', '0/2000'), at('b', '0/2000'), at('c', '0/2000'))

  it.each([
    ['stays with the server that it read from', after('a'), 'a:replica c:replica b:replica p:fallback'],
    ['that the balancer would have taken', after('c'), 'c:replica b:replica a:replica p:fallback'],
    ['of several, with the last one', after('b', 'a'), 'b:replica c:replica a:replica p:fallback'],
    ['leaves it for the one that was chosen', leaving('a', 'b'), 'b:replica c:replica a:replica p:fallback'],
  ])('%s', (_name, route, expected) => {
    expect(shown(plan(route, all))).toBe(expected)
  })

  it.each<[string, Route, Snapshot, Partial<Selection>, boolean]>([
    ['is worth waiting when all are behind', behind(0x3000n), all, {}, true],
    [
      'or the only one that is there',
      behind(0x3000n),
      snapshotOf(p, at('a', '0/2000'), downView('b')),
      {},
      true,
    ],
    ['and not when one is not', behind(0x2000n), all, {}, false],
    [
      'nor for those that lag for other reasons',
      toReplica,
      snapshotOf(p, stale('a'), replicaView('b')),
      {},
      false,
    ],
    ['nor for nobody', behind(0x3000n), snapshotOf(p, downView('a')), {}, false],
    [
      'but though one is there that is unwell',
      behind(0x2001n),
      snapshotOf(p, at('a', '0/2000'), at('b', '0/3000')),
      { health: healthOf({ b: 'ejected' }) },
      true,
    ],
  ])('%s', (_name, route, snapshot, given, expected) => {
    expect(plan(route, snapshot, given).catchingUp !== undefined).toBe(expected)
  })

  it.each<readonly [what: string, catchUpMs: readonly (number | undefined)[], reason: string]>([
    ['goes to the primary at once when the replicas take long', [20, 30], 'sooner'],
    ['or when that is not known', [undefined, undefined], 'sooner'],
    ['and to a replica that follows closely', [20, 1], 'fallback'],
  ])('%s', (_what, estimates, reason) => {
    const replicas = estimates.map((catchUpMs, index) => {
      const node = at(String.fromCodePoint(97 + index), '0/2000')
      return { ...node, lag: { ...freshAsOf(NOW_MS), ...(catchUpMs === undefined ? {} : { catchUpMs }) } }
    })
    const { steps } = plan(behind(0x3000n), snapshotOf(p, ...replicas))
    expect(steps).toMatchObject([{ node: { id: 'p' }, reason }])
  })

  it('on the primary waits for no replica', () => {
    expect(plan(toPrimary, all).catchingUp).toBeUndefined()
  })
})
