import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import {
  downView,
  observed,
  pendingView,
  primaryView,
  replicaView,
  snapshotOf,
  suspectedView,
  up,
} from '../../test/support/views.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { RouterEvents } from './events.ts'
import { Transitions } from './transitions.ts'

let platform: FakePlatform
let told: { name: string; what: unknown }[]
let transitions: Transitions
let last: Snapshot

beforeEach(() => {
  platform = new FakePlatform()
  told = []
  transitions = new Transitions(
    platform,
    <Name extends keyof RouterEvents>(name: Name, ...args: RouterEvents[Name]) =>
      void told.push({ name, what: args[0] }),
  )
  last = snapshotOf(pendingView('p'), pendingView('q'), pendingView('a'))
})

/** Observes the next snapshot, and returns its events except changes of single nodes. */
function observe(...nodes: readonly NodeView[]): readonly unknown[] {
  const before = told.length
  const next = snapshotOf(...nodes)
  transitions.observe(next, last)
  last = next
  return told.slice(before).filter(({ name }) => name !== 'nodeChanged')
}

const primary = (id: string, timeline = 1): NodeView =>
  primaryView(id, { state: up(observed('primary', '0/1000', { timeline })) })
const replica = (id: string, timeline?: number): NodeView =>
  replicaView(id, undefined, {
    state: up(observed('replica', '0/1000', timeline === undefined ? {} : { timeline })),
  })

it('changes of single nodes are reported and returned', () => {
  const next = snapshotOf(primary('p'), replica('q', 1), pendingView('a'))
  const changes = transitions.observe(next, last)
  expect(changes).toEqual([
    { node: 'p', from: 'pending', to: 'primary' },
    { node: 'q', from: 'pending', to: 'replica' },
  ])
  expect(told.filter(({ name }) => name === 'nodeChanged').map(({ what }) => what)).toEqual(changes)
  expect(transitions.observe(next, next)).toEqual([])
})

describe('the last reported role of a node', () => {
  it('outlives its silence', () => {
    expect(transitions.lastRoleOf('p')).toBe('unknown')
    observe(primary('p'), replica('a', 1))
    observe(suspectedView('p'), downView('a'))
    expect([transitions.lastRoleOf('p'), transitions.lastRoleOf('a')]).toEqual(['primary', 'replica'])
    observe(downView('p'), primary('a', 2))
    expect(transitions.lastRoleOf('a')).toBe('primary')
  })
})

describe('the primary', () => {
  const changed = (from: string | undefined, to: string): object => ({
    name: 'primaryChanged',
    what: { from, to },
  })

  it('is told when it is first found, and when it is another', () => {
    expect(observe(primary('p'), downView('q'))).toEqual([changed(undefined, 'p')])
    expect(observe(primary('p'), replica('q', 1))).toEqual([])
    expect(observe(downView('p'), replica('q', 1))).toEqual([])
    expect(observe(downView('p'), primary('q', 2))).toEqual([changed('p', 'q')])
  })

  it('that comes back after an outage has not changed', () => {
    observe(primary('p'))
    observe(suspectedView('p'))
    expect(observe(primary('p'))).toEqual([])
  })

  it('that there is twice is told once, and again when it happens again', () => {
    const conflict = { name: 'primaryConflict', what: { nodes: ['p', 'q'] } }
    expect(observe(primary('p'), primary('q'))).toEqual([conflict])
    expect(observe(primary('p'), primary('q'))).toEqual([])
    expect(observe(primary('p'), downView('q'))).toEqual([changed(undefined, 'p')])
    expect(observe(primary('p'), primary('q'))).toEqual([conflict])
  })
})

describe('a replica of which it is not known that it follows the primary', () => {
  const unclear = (timeline?: number): object => ({ name: 'timelineUnclear', what: { node: 'a', timeline } })

  beforeEach(() => {
    observe(primary('p', 2))
  })

  it.each([
    ['is on another branch', 1],
    ['does not know its branch', undefined],
  ])('is told once while it %s', (_name, timeline) => {
    expect(observe(primary('p', 2), replica('a', timeline))).toEqual([unclear(timeline)])
    expect(observe(primary('p', 2), replica('a', timeline))).toEqual([])
    expect(observe(primary('p', 2), replica('a', 2))).toEqual([])
    expect(observe(primary('p', 3), replica('a', 2))).toEqual([unclear(2)])
  })

  it('stays told while the primary, or the replica, does not answer', () => {
    observe(primary('p', 2), replica('a', 1))
    expect(observe(suspectedView('p'), replica('a', 1))).toEqual([])
    expect(observe(primary('p', 2), suspectedView('a'))).toEqual([])
    expect(observe(primary('p', 2), replica('a', 1))).toEqual([])
  })

  it('is none of the cluster if it is excluded', () => {
    expect(observe(primary('p', 2), { ...replica('a', 1), exclusion: 'foreign-cluster' })).toEqual([])
  })
})

describe('events of every statement', () => {
  it('is told at once, then once a second, with how often it was', async () => {
    for (let i = 0; i < 3; i++) transitions.often('retriesSpent')
    await platform.advance(999)
    transitions.often('retriesSpent')
    expect(told).toEqual([{ name: 'retriesSpent', what: { count: 1 } }])
    await platform.advance(1)
    transitions.often('retriesSpent')
    expect(told.at(-1)).toEqual({ name: 'retriesSpent', what: { count: 4 } })
    expect(told).toHaveLength(2)
  })

  it('each kind on its own', () => {
    transitions.often('retriesSpent')
    transitions.often('spillRefused')
    expect(told.map(({ name }) => name)).toEqual(['retriesSpent', 'spillRefused'])
  })
})

it('a node that was removed is forgotten', () => {
  observe(primary('p'), replica('a', 2))
  transitions.sick(replica('a'), new Error('disk full'))
  transitions.retain(new Set(['p']))
  expect([transitions.lastRoleOf('p'), transitions.lastRoleOf('a')]).toEqual(['primary', 'unknown'])
  const before = told.length
  observe(primary('p'), replica('a', 2))
  transitions.sick(replica('a'), new Error('disk full'))
  expect(told.slice(before).map(({ name }) => name)).toEqual(['timelineUnclear', 'nodeSick'])
})
