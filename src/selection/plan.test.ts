import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  downView,
  freshAsOf,
  pendingView,
  primaryView,
  replicaView,
  snapshotOf,
} from '../../test/support/views.ts'
import { decideRoute } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { planQuery } from './plan.ts'
import type { QueryPlan } from './query-plan.ts'

const NOW_MS = 10_000
const WINDOW_MS = 2000
const toReplica: Route = {
  role: 'replica',
  freshness: { kind: 'within', maxStalenessMs: WINDOW_MS },
  reason: 'read',
}
const toPrimary: Route = { role: 'primary', freshness: { kind: 'newest' }, reason: 'not-a-read' }
const backwards: Balancer = { order: (candidates) => candidates.toReversed() }

function plan(route: Route, snapshot: Snapshot, balancer: Balancer = backwards): QueryPlan {
  return planQuery(route, snapshot, balancer, NOW_MS, () => 0)
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

  it('the balancer sees eligible replicas only, and chance as it is given', () => {
    const seen: { ids: string[]; chance: number }[] = []
    const balancer: Balancer = {
      order(candidates, random) {
        seen.push({ ids: candidates.map(({ id }) => id), chance: random() })
        return candidates
      },
    }
    planQuery(toReplica, snapshotOf(p, stale('a'), fresh('b'), fresh('c')), balancer, NOW_MS, () => 0.25)
    expect(seen).toEqual([{ ids: ['b', 'c'], chance: 0.25 }])
  })

  it('the balancer is not asked when there is nothing to order, nor told anything', () => {
    const balancer: Balancer = {
      order: () => expect.unreachable('there is no candidate'),
      started: () => expect.unreachable('nothing has started'),
    }
    expect(shown(plan(toReplica, snapshotOf(p, stale('a')), balancer))).toBe('p:fallback !a:lagging')
    expect(shown(plan(toPrimary, snapshotOf(p, fresh('a')), balancer))).toBe('p:primary')
    const orderOnly: Balancer = { ...balancer, order: (candidates) => candidates }
    expect(shown(plan(toReplica, snapshotOf(p, fresh('a')), orderOnly))).toBe('a:replica p:fallback')
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

describe('every plan for a read', () => {
  it('has each node once: as a step or rejected, never both', () => {
    fc.assert(
      fc.property(cluster, (snapshot) => {
        const { steps, rejected } = plan(toReplica, snapshot)
        const ids = [...steps, ...rejected].map(({ node }) => node.id)
        expect(ids.toSorted()).toEqual(snapshot.nodes.map(({ id }) => id).toSorted())
      }),
    )
  })

  it('has the primary last, as the fallback, and only replicas before it', () => {
    fc.assert(
      fc.property(cluster, (snapshot) => {
        const { steps } = plan(toReplica, snapshot)
        const replicas = snapshot.primary === undefined ? steps : steps.slice(0, -1)
        if (snapshot.primary !== undefined)
          expect(steps.at(-1)).toEqual({ node: snapshot.primary, reason: 'fallback' })
        for (const { node, reason } of replicas) {
          expect(reason).toBe('replica')
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
      multiple: false,
    }
    const staleness = fc.record({ maxStalenessMs: fc.nat(10_000) }, { requiredKeys: [] })
    fc.assert(
      fc.property(cluster, fc.nat(NOW_MS), staleness, (snapshot, lastWriteAtMs, request) => {
        const route = decideRoute(select, { lastWriteAtMs }, request, { windowMs: WINDOW_MS }, NOW_MS)
        for (const { node, reason } of plan(route, snapshot).steps) {
          if (reason === 'replica') expect(node.lag?.freshAsOfMs).toBeGreaterThan(lastWriteAtMs)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
