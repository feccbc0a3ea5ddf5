import { beforeEach, describe, expect, test } from 'vitest'
import {
  down,
  downView,
  observed,
  primaryView,
  replicaView,
  snapshotOf,
  up,
} from '../../test/support/views.ts'
import type { NodeChange } from '../observability/events.ts'
import type { Role } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { Consequences } from './consequences.ts'

let log: string[]
let roles: Map<string, Role>
let consequences: Consequences

beforeEach(() => {
  log = []
  roles = new Map()
  consequences = new Consequences({
    executors: {
      abandon: (id, { message }, failure = 'node') => void log.push(`abandon ${id} (${failure}): ${message}`),
    },
    health: { returned: (id) => void log.push(`${id} returned`) },
    nodes: {
      get: (id) =>
        ({
          renew: () => void log.push(`renew ${id}`),
          cut: (only = 'former') => void log.push(`cut ${only} of ${id}`),
        }) as never,
    },
    roster: { look: async () => void log.push('look for nodes') },
    transitions: { lastRoleOf: (id) => roles.get(id) ?? 'unknown' },
  })
})

const REPLICA = replicaView('a')

function change(node: string, from: NodeChange['from'], to: NodeChange['to'], cause?: Error): NodeChange {
  return { node, from, to, ...(cause === undefined ? {} : { cause }) }
}

const of = (id: string, serverIdentity: string): NodeView =>
  replicaView(id, undefined, { state: up(observed('replica', '0/1000', { serverIdentity })) })

describe('a node', () => {
  test.each<readonly [what: string, change: NodeChange, expected: readonly string[]]>([
    [
      'that goes down gets new connections, and nobody waits for it',
      change('a', 'replica', 'down', new Error('read ECONNRESET')),
      ['renew a', 'abandon a (node): read ECONNRESET'],
    ],
    [
      'that goes down without a cause',
      change('a', 'replica', 'down'),
      ['renew a', 'abandon a (node): a is down'],
    ],
    ['that is back gets its reads again bit by bit', change('a', 'down', 'replica'), ['a returned']],
    ['that is suspected is left alone', change('a', 'replica', 'suspected'), []],
    [
      'that is the primary no more: it may not be in the list',
      change('p', 'primary', 'suspected'),
      ['look for nodes'],
    ],
    ['that rests is no reason to look', change('p', 'primary', 'pending'), []],
    [
      'that was the primary and goes down',
      change('p', 'primary', 'down'),
      ['renew p', 'abandon p (node): p is down', 'look for nodes'],
    ],
  ])('%s', (_what, changed, expected) => {
    consequences.draw([changed], snapshotOf())
    expect(log).toEqual(expected)
  })
})

describe('the server at an address', () => {
  test('is remembered, also while it does not answer', () => {
    consequences.draw([], snapshotOf(of('a', '7000:1')))
    consequences.draw([], snapshotOf(downView('a')))
    expect([consequences.serverOf('a'), log]).toEqual(['7000:1', []])
  })

  test('that is another one than before gets new connections, once', () => {
    for (const server of ['7000:1', '7000:1', '7000:2', '7000:2'])
      consequences.draw([], snapshotOf(of('a', server)))
    expect([consequences.serverOf('a'), log]).toEqual(['7000:2', ['renew a']])
  })

  test('means nothing where several share the address', () => {
    for (const server of ['7000:1', '7000:2']) {
      consequences.draw([], snapshotOf({ ...of('a', server), isBalanced: true }))
    }
    expect([consequences.serverOf('a'), log]).toEqual([undefined, []])
  })
})

describe('a former primary', () => {
  beforeEach(() => void roles.set('old', 'primary'))

  test('that still answers gets no more writes, and confirms none', () => {
    consequences.draw([], snapshotOf(primaryView('new'), primaryView('old', { exclusion: 'old-timeline' })))
    expect(log).toEqual(['abandon old (fenced): old is no longer the primary', 'cut busy of old'])
  })

  test('that does not answer is cut off once there is another one', () => {
    consequences.draw([], snapshotOf(downView('old')))
    expect(log).toEqual([])
    consequences.draw([], snapshotOf(primaryView('new'), { ...downView('old'), state: down() }))
    expect(log).toEqual(['cut former of old'])
  })

  test('is no other than the primary itself', () => {
    consequences.draw([], snapshotOf(primaryView('old'), REPLICA))
    expect(log).toEqual([])
  })
})

test('a node that was removed is forgotten', () => {
  consequences.draw([], snapshotOf(of('a', 'one'), of('b', 'two')))
  consequences.retain(new Set(['b']))
  expect([consequences.serverOf('a'), consequences.serverOf('b')]).toEqual([undefined, 'two'])
})
