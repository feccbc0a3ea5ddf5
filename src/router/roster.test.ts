import { beforeEach, describe, expect, test } from 'vitest'
import { FakeNode } from '../../test/support/fake-nodes.ts'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { downView, primaryView, replicaView, snapshotOf } from '../../test/support/views.ts'
import { resolveOptions } from '../config/resolved-options.ts'
import type { PoolOptions } from '../config/options.ts'
import type { KnownServers } from '../discovery/discovery.ts'
import { NodeSet } from '../nodes/node-set.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { Roster } from './roster.ts'
import type { WatchedCluster } from './watched-cluster.ts'

let log: string[]
let opened: FakeNode[]
let lists: (readonly (readonly string[])[])[]
let nodes: NodeSet
let platform: FakePlatform
let snapshot: Snapshot
/** Looks at the cluster, and the snapshot after the next one. */
let looks: number
let looked: Snapshot | undefined
/** Answers of the servers to queries of a discovery. */
let answersOf: Record<string, readonly string[]>
/** The list that the cluster watches. */
let watched: readonly NodeConfig[]

const config = (id: string): NodeConfig => ({ id, weight: 1, options: { host: id } })

beforeEach(() => {
  log = []
  opened = []
  lists = []
  platform = new FakePlatform()
  watched = []
  looks = 0
  looked = undefined
  answersOf = {}
  snapshot = snapshotOf(replicaView('a'), downView('b'))
  nodes = new NodeSet([config('a'), config('b')], ({ id }) => {
    const node = new FakeNode(id)
    opened.push(node)
    return node
  })
})

function rosterOf(options: PoolOptions = {}): Roster {
  const cluster = {
    get snapshot() {
      return snapshot
    },
    setNodes: (configs: readonly NodeConfig[]) => {
      watched = configs
    },
    look: async () => {
      looks += 1
      snapshot = looked ?? snapshot
    },
    questions: {
      ask: async (_sql: string, identity: string) => answersOf[identity],
    },
  }
  return new Roster({
    resolved: resolveOptions({ host: 'a', logger: false, ...options }),
    platform,
    nodes,
    cluster: cluster as unknown as WatchedCluster,
    tell: (name, ...args) => void log.push(`${name} ${JSON.stringify(args[0])}`),
    listed: (ids, connected) => void lists.push([[...ids], [...connected]]),
    removed: (id, answered) => void log.push(`${id} removed${answered ? '' : ', and it did not answer'}`),
  })
}

const drained = (): readonly string[] => opened.filter(({ isDrained }) => isDrained).map(({ id }) => id)
const idsOf = (configs: Iterable<{ readonly id: string }>): readonly string[] =>
  [...configs].map(({ id }) => id)

describe('a list of nodes', () => {
  test('replaces the one before: those that stay keep their connections', () => {
    rosterOf().set([config('a'), config('c')])
    expect([idsOf(nodes), idsOf(watched), drained()]).toEqual([['a', 'c'], ['a', 'c'], ['b']])
    expect(opened.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['b removed, and it did not answer', 'nodesChanged {"added":["c"],"removed":["b"]}'])
  })

  test('is told, with the removed nodes that still have connections', () => {
    nodes.get('a')?.lease(() => {})
    const roster = rosterOf()
    roster.set([config('c')])
    roster.set([config('d')])
    expect(lists).toEqual([
      [['c'], ['c', 'a']],
      [['d'], ['d', 'a']],
    ])
  })

  test('says of each that goes whether it was well', () => {
    rosterOf().set([config('c')])
    expect(log.slice(0, 2)).toEqual(['a removed', 'b removed, and it did not answer'])
  })
})

describe('an address that several servers share', () => {
  test('is used as one from then on, over new connections', () => {
    const roster = rosterOf()
    roster.share('a')
    expect(nodes.configOf('a')?.isBalanced).toBe(true)
    expect(watched.map(({ id, isBalanced }) => [id, isBalanced])).toEqual([
      ['a', true],
      ['b', undefined],
    ])
    expect([drained(), log]).toEqual([['a'], ['addressShared {"node":"a"}']])
  })

  test('is told once, and stays one whatever list comes', () => {
    const roster = rosterOf()
    roster.share('a')
    roster.share('a')
    roster.set([config('a')])
    expect(log.filter((line) => line.startsWith('addressShared'))).toHaveLength(1)
    expect(nodes.configOf('a')?.isBalanced).toBe(true)
    expect(drained()).toEqual(['a', 'b'])
  })
})

test('an address that was removed may belong to one server when it comes back', () => {
  const roster = rosterOf()
  roster.share('a')
  roster.set([config('b')])
  roster.set([config('a')])
  expect(nodes.configOf('a')?.isBalanced).toBeUndefined()
})

describe('a discovery', () => {
  let answers: (readonly { readonly host: string }[] | Error)[]
  const discovery = {
    intervalMs: 1_000,
    discover: async (): Promise<readonly { readonly host: string }[]> => {
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (!Array.isArray(answer)) throw answer as Error
      return answer as readonly { readonly host: string }[]
    },
  }

  test('gives the list at the first look, and again at its interval, until the end', async () => {
    answers = [[{ host: 'a' }], [{ host: 'a' }, { host: 'c' }]]
    const roster = rosterOf({ discovery })
    expect(platform.pendingTimers).toBe(0)
    await roster.look()
    expect(idsOf(nodes)).toEqual(['a:5432'])
    await platform.advance(2_000)
    expect(idsOf(nodes)).toEqual(['a:5432', 'c:5432'])
    roster.close()
    expect(platform.pendingTimers).toBe(0)
  })

  test('that fails leaves the list as it is, and is told', async () => {
    answers = [new Error('no such name')]
    const roster = rosterOf({ discovery })
    await roster.look()
    expect(idsOf(nodes)).toEqual(['a', 'b'])
    expect(log.map((line) => line.split(' ')[0])).toEqual(['discoveryFailed'])
    roster.close()
  })

  test('rests until the next look', async () => {
    answers = [[{ host: 'a' }], [{ host: 'c' }]]
    const roster = rosterOf({ discovery })
    await roster.look()
    roster.rest()
    await platform.advance(10_000)
    expect(idsOf(nodes)).toEqual(['a:5432'])
    await roster.look()
    expect(idsOf(nodes)).toEqual(['c:5432'])
    roster.close()
  })
})

describe('a discovery that asks the known servers', () => {
  const discovery = {
    intervalMs: 1000,
    discover: async (_signal: AbortSignal, known?: KnownServers) => {
      const [host = ''] = (await known?.query('select host')) ?? []
      return [{ host: host ?? '' }]
    },
  }
  const identityOf = ({ state }: NodeView): string =>
    state.name === 'up' ? state.observation.serverIdentity : ''
  const primary = primaryView('p')
  const replica = replicaView('r')

  test.each([
    ['the primary first', { [identityOf(primary)]: ['one'], [identityOf(replica)]: ['two'] }, ['one:5432']],
    ['another one where it refuses', { [identityOf(replica)]: ['two'] }, ['two:5432']],
    ['and keeps the list where all refuse', {}, []],
  ])('asks %s', async (_name, given, expected) => {
    snapshot = snapshotOf(replica, primary)
    answersOf = given
    await rosterOf({ discovery }).look()
    expect(idsOf(watched)).toEqual(expected)
    expect(looks).toBe(0)
  })

  test('looks at the cluster first where no server is known to answer', async () => {
    snapshot = snapshotOf(downView('p'))
    looked = snapshotOf(primary)
    answersOf = { [identityOf(primary)]: ['one'] }
    await rosterOf({ discovery }).look()
    expect([looks, idsOf(watched)]).toEqual([1, ['one:5432']])
  })
})

test('without a discovery there is nothing to look for', async () => {
  const roster = rosterOf()
  await roster.look()
  roster.rest()
  roster.close()
  expect([log, platform.pendingTimers]).toEqual([[], 0])
})
