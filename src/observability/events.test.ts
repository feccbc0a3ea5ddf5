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
import type { NodeView } from '../topology/snapshot.ts'
import { changesBetween, statusOf, type NodeStatus } from './events.ts'

describe('statusOf', () => {
  it.each<[NodeStatus, NodeView]>([
    ['pending', pendingView('n')],
    ['down', downView('n')],
    ['primary', primaryView('n')],
    ['replica', replicaView('n')],
    ['foreign-cluster', replicaView('n', undefined, { exclusion: 'foreign-cluster' })],
    ['same-server', primaryView('n', { exclusion: 'same-server' })],
    ['old-timeline', primaryView('n', { exclusion: 'old-timeline' })],
    ['read-only', primaryView('n', { exclusion: 'read-only' })],
    ['suspected', suspectedView('n')],
  ])('%s', (expected, node) => {
    expect(statusOf(node)).toBe(expected)
  })
})

describe('changesBetween', () => {
  const before = snapshotOf(primaryView('p'), replicaView('a'), pendingView('b'))

  it('nothing, when no node changed', () => {
    const after = snapshotOf(primaryView('p'), replicaView('a', freshAsOf(5)), pendingView('b'))
    expect(changesBetween(before, before)).toEqual([])
    expect(changesBetween(before, after)).toEqual([])
  })

  it('each node that became something else, in configured order; why, where it failed', () => {
    const cause = new Error('connect ECONNREFUSED')
    const after = snapshotOf(downView('p', cause), primaryView('a'), replicaView('b'))
    expect(changesBetween(before, after)).toEqual([
      { node: 'p', from: 'primary', to: 'down', cause },
      { node: 'a', from: 'replica', to: 'primary' },
      { node: 'b', from: 'pending', to: 'replica' },
    ])
  })

  it('a node that stays down for another cause has not changed', () => {
    const [one, other] = ['first', 'second'].map((message) => snapshotOf(downView('p', new Error(message))))
    expect(one && other && changesBetween(one, other)).toEqual([])
  })

  it('a node that comes back has no cause', () => {
    const [change] = changesBetween(snapshotOf(downView('p')), snapshotOf(primaryView('p')))
    expect(change).toEqual({ node: 'p', from: 'down', to: 'primary' })
    expect(change).not.toHaveProperty('cause')
  })

  it('a node that is suspected, with why, and that was right', () => {
    const cause = new Error('read ECONNRESET')
    const up = snapshotOf(primaryView('p'), replicaView('a'))
    const suspected = snapshotOf(primaryView('p'), suspectedView('a', cause))
    const isDown = snapshotOf(primaryView('p'), downView('a', cause))
    expect(changesBetween(up, suspected)).toEqual([{ node: 'a', from: 'replica', to: 'suspected', cause }])
    expect(changesBetween(suspected, isDown)).toEqual([{ node: 'a', from: 'suspected', to: 'down', cause }])
    expect(changesBetween(suspected, up)).toEqual([{ node: 'a', from: 'suspected', to: 'replica' }])
  })

  it('nodes that come and go, and those behind them', () => {
    const after = snapshotOf(replicaView('x'), primaryView('p'), replicaView('a'))
    expect(changesBetween(before, after)).toEqual([{ node: 'x', from: 'pending', to: 'replica' }])
    expect(changesBetween(after, snapshotOf(primaryView('p')))).toEqual([])
  })

  it('a node that is taken out, and let in again', () => {
    const out = snapshotOf(primaryView('p'), replicaView('a', undefined, { exclusion: 'same-server' }))
    const into = snapshotOf(primaryView('p'), replicaView('a'))
    expect(changesBetween(into, out)).toEqual([{ node: 'a', from: 'replica', to: 'same-server' }])
    expect(changesBetween(out, into)).toEqual([{ node: 'a', from: 'same-server', to: 'replica' }])
  })
})
