import { expect, it } from 'vitest'
import {
  down,
  observed,
  primaryView,
  replicaView,
  snapshotOf,
  suspectedView,
  up,
} from '../../test/support/views.ts'
import type { NodeState } from './node.ts'
import { isFenced, isOut, lagMs, type Exclusion, type NodeView } from './snapshot.ts'

it.each([
  ['a replica that has everything is not behind', undefined, 5000, 0],
  ['one that misses something is behind since that was seen', 4200, 5000, 800],
  ['an answer that is newer than now is no negative lag', 5001, 5000, 0],
])('lagMs: %s', (_name, behindSinceMs, nowMs, expected) => {
  const lag = { bytes: 1, freshAsOfMs: 0, ...(behindSinceMs === undefined ? {} : { behindSinceMs }) }
  expect(lagMs(lag, nowMs)).toBe(expected)
})

function upAs(serverIdentity: string): NodeState {
  return up(observed('primary', '0/1000', { serverIdentity }))
}

const held = primaryView('old', { state: upAs('a') })
const isNow = (given: Partial<NodeView>): NodeView => ({ ...held, ...given })
const excluded = (exclusion: Exclusion): NodeView => isNow({ exclusion })
const successor = primaryView('new', { state: upAs('b') })

it.each<readonly [what: string, nodes: readonly NodeView[], expected: boolean]>([
  ['is not fenced while it is the primary', [held], false],
  [
    'is not fenced under a second name',
    [excluded('same-server'), primaryView('p', { state: upAs('a') })],
    false,
  ],
  ['is fenced when it came back on an old timeline', [excluded('old-timeline'), successor], true],
  ['is fenced while another server takes writes', [excluded('read-only'), successor], true],
  ['is fenced when it is of another cluster', [excluded('foreign-cluster')], true],
  ['is fenced, as its rival is, when two take writes', [held, successor], true],
  ['is fenced when it is no longer in the list', [successor], true],
  [
    'is fenced when it does not answer and another one does',
    [isNow({ role: 'unknown', state: down() }), successor],
    true,
  ],
  ['is fenced when another server has its address', [isNow({ state: upAs('b') })], true],
  ['is not fenced while nobody takes writes', [isNow({ role: 'unknown', state: down() })], false],
])('a server that a client holds as its primary %s', (_what, nodes, expected) => {
  expect(isFenced(snapshotOf(...nodes), held)).toBe(expected)
})

it.each<readonly [what: string, newestTimeline: number, expected: boolean]>([
  ['is fenced once a newer timeline was seen, though nobody takes writes now', 2, true],
  ['is not fenced while its timeline is the newest', 1, false],
])('a server that a client holds as its primary %s', (_what, newestTimeline, expected) => {
  const onFirst = primaryView('old', { state: up(observed('primary', '0/1000', { timeline: 1 })) })
  const snapshot = { ...snapshotOf(primaryView('new', { role: 'unknown', state: down() })), newestTimeline }
  expect(isFenced(snapshot, onFirst)).toBe(expected)
})

const planned = replicaView('r', undefined, { state: upAs('a') })

it.each<readonly [what: string, now: NodeView, planned: NodeView, expected: boolean]>([
  ['is used while it answers', { ...planned }, planned, false],
  ['is passed over when it is suspected', suspectedView('r'), planned, true],
  ['is passed over when it has restarted', { ...planned, state: upAs('b') }, planned, true],
  ['is used when it was not known', { ...planned }, { ...planned, state: down() }, false],
  [
    'is used behind a shared address, whose connections prove their server',
    { ...planned, isBalanced: true, state: upAs('b') },
    { ...planned, isBalanced: true },
    false,
  ],
  ['is used as the primary, which shows everything', { ...held, state: upAs('b') }, held, false],
])('a node of an earlier plan %s', (_what, now, earlier, expected) => {
  expect(isOut(snapshotOf(now), earlier)).toBe(expected)
})
