import { expect, test } from 'vitest'
import { LiveOptions } from './live-options.ts'
import type { NodeConfig } from '../nodes/server-node.ts'

const node = (id: string, options: object, own: readonly string[] = []): NodeConfig => ({
  id,
  weight: 1,
  options: { host: id, password: 'one', ...options },
  own: new Set(own),
})

function liveOver(...configs: readonly NodeConfig[]): { live: LiveOptions; nodes: readonly NodeConfig[] } {
  const live = new LiveOptions({ host: 'a', password: 'one', max: 5 }, 'a')
  return { live, nodes: configs.map(live.adopt) }
}

test('a change holds for every node but those that have an option of their own of that name', () => {
  const { live, nodes } = liveOver(node('a', {}), node('b', {}), node('c', { password: 'own' }, ['password']))
  live.shown.password = 'two'
  Object.assign(live.shown, { max: 9 })
  expect(nodes.map(({ options }) => [options.host, options.password, options.max])).toEqual([
    ['a', 'two', 9],
    ['b', 'two', 9],
    ['c', 'own', 9],
  ])
  delete live.shown.max
  expect(nodes.map(({ options }) => options.max)).toEqual([undefined, undefined, undefined])
})

test('a host is that of the node that is shown', () => {
  const { live, nodes } = liveOver(node('a', {}), node('b', {}))
  live.shown.host = 'moved'
  const [, second] = nodes
  if (second !== undefined) live.show(second)
  expect(live.shown.host).toBe('b')
  live.shown.host = 'elsewhere'
  expect(nodes.map(({ options }) => options.host)).toEqual(['moved', 'elsewhere'])
})

test('a node that stays when nodes are named once more still follows, and is told', () => {
  const { live, nodes } = liveOver(node('a', {}))
  const told: unknown[] = []
  nodes[0]?.followers?.add((name) => told.push(name))
  live.shown.password = 'two'
  live.adopt(node('a', { password: 'two' }))
  live.adopt(node('a', {}))
  live.shown.password = 'three'
  expect(nodes[0]?.options.password).toBe('three')
  expect(told).toEqual(['password', 'password'])
})

test('to show another node changes no node, and nodes that come later have what was changed', () => {
  const { live, nodes } = liveOver(node('a', {}), node('b', { user: 'other' }, ['user']))
  live.shown.password = 'two'
  const [first, second] = nodes
  if (second !== undefined) live.show(second)
  expect(live.shown).toMatchObject({ host: 'b', user: 'other', password: 'two' })
  expect(Object.keys(live.shown)).not.toContain('password')
  expect(first?.options.user).toBeUndefined()
  expect(live.adopt(node('d', {})).options).toMatchObject({ host: 'd', password: 'two' })
})

test('options of a node that is gone follow no more', () => {
  const { live, nodes } = liveOver(node('a', {}), node('b', {}))
  live.retain(new Set(['a']))
  live.shown.password = 'two'
  expect(nodes.map(({ options }) => options.password)).toEqual(['two', 'one'])
})
