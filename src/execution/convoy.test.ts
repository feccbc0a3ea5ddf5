import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { primaryView, replicaView, snapshotOf } from '../../test/support/views.ts'
import type { NodeId } from '../topology/node.ts'
import { Convoy } from './convoy.ts'

const primary = primaryView('p', { weight: 1000 })
const small = replicaView('small', undefined, { weight: 1 })
const large = replicaView('large', undefined, { weight: 5 })

let platform: FakePlatform
/** Nodes with reads in flight on a lane that has room. */
let carrying: Set<NodeId>
let convoy: Convoy

beforeEach(() => {
  platform = new FakePlatform()
  carrying = new Set(['small', 'large'])
  convoy = new Convoy({
    platform,
    snapshot: () => snapshotOf(primary, small, large),
    joins: (id, text) => text === 'fast' && carrying.has(id),
  })
})

it('has no place before the first read rides', () => {
  expect(convoy.placeFor('fast')).toBeUndefined()
})

it('is where the last read rides, while others are in flight there', () => {
  convoy.rode(small)
  convoy.rode(large)
  expect(convoy.placeFor('fast')).toBe('large')
  expect(convoy.placeFor('slow')).toBeUndefined()
  carrying.delete('large')
  expect(convoy.placeFor('fast')).toBeUndefined()
})

it.each([
  { node: large, forMs: 5 },
  { node: small, forMs: 1 },
])('stays in proportion to the weight among the replicas: $node.id', async ({ node, forMs }) => {
  convoy.rode(node)
  await platform.advance(forMs - 0.1)
  // Those that join do not make it longer.
  convoy.rode(node)
  expect(convoy.placeFor('fast')).toBe(node.id)
  await platform.advance(0.1)
  expect(convoy.placeFor('fast')).toBeUndefined()
  convoy.rode(node)
  expect(convoy.placeFor('fast')).toBe(node.id)
})
