import { beforeEach, describe, expect, it } from 'vitest'
import { FakeNode } from '../../test/support/fake-nodes.ts'
import { NodeSet } from './node-set.ts'
import type { NodeConfig } from './server-node.ts'

let opened: FakeNode[]

beforeEach(() => {
  opened = []
})

function open({ id }: NodeConfig): FakeNode {
  const node = new FakeNode(id)
  opened.push(node)
  return node
}

const config = (id: string, host: string = id, weight = 1): NodeConfig => ({ id, weight, options: { host } })
const setOf = (...configs: readonly NodeConfig[]): NodeSet => new NodeSet(configs, open)
const drained = (): readonly string[] => opened.filter(({ isDrained }) => isDrained).map(({ id }) => id)

describe('the set', () => {
  it('has each node, in configured order, with its configuration', () => {
    const set = setOf(config('a'), config('b'))
    expect([...set]).toEqual(opened)
    expect(set.get('b')).toBe(opened[1])
    expect(set.configOf('b')).toEqual(config('b'))
    expect([set.get('x'), set.configOf('x')]).toEqual([undefined, undefined])
  })

  it('ends every node', async () => {
    await setOf(config('a'), config('b')).end()
    expect(opened.map(({ isEnded }) => isEnded)).toEqual([true, true])
  })
})

describe('when the nodes change', () => {
  it('a remaining node keeps its connections, a removed one is drained, a new one is opened', () => {
    const set = setOf(config('a'), config('b'))
    const [a] = opened
    set.set([config('c'), config('a')])
    expect([...set].map(({ id }) => id)).toEqual(['c', 'a'])
    expect(set.get('a')).toBe(a)
    expect(set.get('b')).toBeUndefined()
    expect(drained()).toEqual(['b'])
    expect(opened.map(({ isEnded }) => isEnded)).toEqual([false, false, false])
  })

  it('another weight is the same node, of which the new weight is known', () => {
    const set = setOf(config('a'))
    set.set([config('a', 'a', 5)])
    expect(opened).toHaveLength(1)
    expect(set.configOf('a')?.weight).toBe(5)
    expect(drained()).toEqual([])
  })

  it('other options are other connections', () => {
    const set = setOf(config('a', '10.0.0.1'))
    set.set([config('a', '10.0.0.2')])
    expect(opened).toHaveLength(2)
    expect(set.get('a')).toBe(opened[1])
    expect(opened.map(({ isDrained }) => isDrained)).toEqual([true, false])
  })

  it('another password is other connections, though it does not show', () => {
    const secret = (value: string): NodeConfig => {
      const options = Object.defineProperty({ host: 'a' }, 'password', { value })
      return { id: 'a', weight: 1, options }
    }
    const set = setOf(secret('old'))
    set.set([secret('old')])
    expect(drained()).toEqual([])
    set.set([secret('new')])
    expect(drained()).toEqual(['a'])
  })

  it('the same nodes again change nothing', () => {
    const password = (): string => 'fresh'
    const given = (): NodeConfig => ({ id: 'a', weight: 1, options: { host: 'a', password } })
    const set = setOf(given())
    set.set([given()])
    expect(opened).toHaveLength(1)
    expect(drained()).toEqual([])
  })

  it('a removed node counts as connected until its last connection is gone', () => {
    const set = setOf(config('a'), config('b'))
    const [a] = opened
    a?.lease(() => {})
    set.set([config('c')])
    expect(set.connected).toEqual(new Set(['a', 'c']))
    a?.leases.pop()
    Object.assign(a ?? {}, { waitingCount: 1 })
    expect(set.connected).toEqual(new Set(['a', 'c']))
    Object.assign(a ?? {}, { waitingCount: 0 })
    expect(set.connected).toEqual(new Set(['c']))
  })

  it('no node is left', () => {
    const set = setOf(config('a'), config('b'))
    set.set([])
    expect([...set]).toEqual([])
    expect(drained()).toEqual(['a', 'b'])
  })
})
