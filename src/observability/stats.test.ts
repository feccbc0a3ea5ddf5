import { expect, it } from 'vitest'
import { downView, primaryView, replicaView, snapshotOf } from '../../test/support/views.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { Counters, type NodeStats, type PoolStats } from './stats.ts'

const NONE = { total: 0, idle: 0, waiting: 0 }
const primary = primaryView('p')
const replica = replicaView('a', { bytes: 2048, freshAsOfMs: 100, behindSinceMs: 400 })

function report(counters: Counters, ...nodes: readonly NodeView[]): PoolStats {
  return counters.report(snapshotOf(...nodes), 'builtin', () => NONE, 1000)
}

it('a node: what it is, how far behind, what it got', () => {
  const counters = new Counters()
  counters.sent(replica)
  counters.sent(replica)
  const connections: NodeStats['connections'] = { total: 3, idle: 2, waiting: 1 }
  const stats = counters.report(snapshotOf(replica), 'loaded', () => connections, 1000)
  expect(stats.catalog).toBe('loaded')
  expect(stats.nodes).toEqual([
    {
      id: 'a',
      role: 'replica',
      state: 'replica',
      lagBytes: 2048,
      lagMs: 600,
      queries: 2,
      reads: 0,
      byRole: [{ role: 'replica', queries: 2, reads: 0 }],
      connections,
    },
  ])
})

it('counts by the role that a node had at that time, and forgets none', () => {
  const counters = new Counters()
  const promoted = primaryView('a')
  for (const node of [replica, replica, promoted]) counters.ran(node, true)
  expect(report(counters, promoted).nodes[0]).toMatchObject({
    queries: 3,
    byRole: [
      { role: 'replica', queries: 2, reads: 2 },
      { role: 'primary', queries: 1, reads: 1 },
    ],
  })
  counters.retain(new Set())
  expect(report(counters, promoted).nodes[0]?.byRole).toEqual([{ role: 'primary', queries: 0, reads: 0 }])
})

it('an address that several servers share is said to be one', () => {
  const shared = replicaView('s', undefined, { isBalanced: true })
  const nodes = report(new Counters(), shared, replica).nodes
  expect(nodes.map(({ balanced, lagMs }) => [balanced, lagMs])).toEqual([
    [true, undefined],
    [undefined, 600],
  ])
})

it.each([
  ['of a replica that has everything is 0', replicaView('a', { bytes: 0, freshAsOfMs: 1 }), 0, 0],
  ['of a replica of which nothing is known is not', replicaView('a'), undefined, undefined],
  ['of a primary there is none', primary, undefined, undefined],
  ['of a node that is down there is none', downView('a'), undefined, undefined],
])('a lag %s', (_name, node, lagBytes, lagMs) => {
  expect(report(new Counters(), node).nodes[0]).toMatchObject({ lagBytes, lagMs })
})

it('says why a node is not used', () => {
  const stranger = replicaView('x', undefined, { exclusion: 'foreign-cluster' })
  expect(report(new Counters(), primary, downView('a'), stranger).nodes.map(({ state }) => state)).toEqual([
    'primary',
    'down',
    'foreign-cluster',
  ])
})

it('the offload is the share of answered reads that a replica answered', () => {
  const counters = new Counters()
  expect(report(counters)).toMatchObject({ reads: 0, offload: 0 })
  for (const node of [replica, replica, replica, primary]) counters.readAnswered(node)
  expect(report(counters)).toMatchObject({ reads: 4, offload: 0.75 })
})

it('a sent read does not count as answered', () => {
  const counters = new Counters()
  counters.sent(primary)
  counters.sent(primary)
  expect(report(counters, primary)).toMatchObject({ reads: 0, nodes: [{ queries: 2 }] })
})

it('the cause of a node that is down shows no value of a statement', () => {
  const fields = { code: '57P01', severity: 'FATAL', routine: 'exec_stmt_raise' }
  const cause = Object.assign(new Error('card 4111-1111'), fields)
  expect(report(new Counters(), downView('p', cause)).nodes[0]?.cause).toBe('SQLSTATE 57P01')
})

it('a node that was removed starts over when it is added again', () => {
  const counters = new Counters()
  counters.ran(replica, true)
  counters.ran(primary, true)
  counters.retain(new Set(['p']))
  expect(report(counters, replica, primary)).toMatchObject({
    reads: 2,
    nodes: [
      { queries: 0, reads: 0 },
      { queries: 1, reads: 1 },
    ],
  })
})
