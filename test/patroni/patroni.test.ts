import { expect, onTestFailed, test } from 'vitest'
import type { CheckedNode } from '../../src/discovery/nodes.ts'
import { DiscoveryLoop } from '../../src/discovery/loop.ts'
import { patroniDiscovery } from '../../src/discovery/patroni.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import { ask } from '../support/servers.ts'
import { PatroniCluster } from './cluster.ts'
import { findRequirements } from './requirements.ts'

const found = await findRequirements()
const missing = typeof found === 'string' ? found : undefined

const ROLE_SQL = `select case
  when not pg_is_in_recovery() then 'primary'
  when exists (select from pg_stat_wal_receiver where status = 'streaming') then 'replica' end as role`
const BOTH_ROLES = new Set(['primary', 'replica'])
/** Patroni looks once a second, and a member that has to be copied takes its time. */
const PATIENCE = { timeout: 60_000, interval: 100 }

test.skipIf(missing !== undefined)(
  `the list follows a real Patroni: a member joins, a switchover, a tag, a dead API${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  { timeout: 180_000 },
  async () => {
    if (typeof found === 'string') return
    await using cluster = await PatroniCluster.create(found, ['a', 'b', 'c'])
    onTestFailed(async () => console.error(await cluster.logs()))
    const lists: (readonly CheckedNode[])[] = []
    const loop = new DiscoveryLoop({
      platform: systemPlatform,
      timeoutMs: 5_000,
      // One member is all that an application has to know.
      discovery: patroniDiscovery({ urls: [cluster.member('a').apiUrl], intervalMs: 200 }),
      onNodes: (nodes) => lists.push(nodes),
      onFailed: () => {},
    })
    const nameOf = new Map(['a', 'b', 'c'].map((name) => [cluster.member(name).port, name]))
    const named = ({ port = 0 }: CheckedNode): string => nameOf.get(port) ?? `port ${port}`
    const weights = (): object => Object.fromEntries(loop.nodes.map((node) => [named(node), node.weight]))
    /** The role of each node of the list, by its own word. */
    const roles = async (): Promise<Record<string, unknown>> => {
      const answers = loop.nodes.map(async (node) => {
        const { host, port = 0 } = node
        const rows = await ask({ ...cluster.login, host, port }, ROLE_SQL).catch(() => [])
        return [named(node), rows[0]?.['role']]
      })
      return Object.fromEntries(await Promise.all(answers)) as Record<string, unknown>
    }

    try {
      await loop.refreshNow()
      expect(loop.nodes).toEqual([])

      await Promise.all([cluster.start('a'), cluster.start('b')])
      await expect.poll(weights, PATIENCE).toEqual({ a: 1, b: 1 })
      await expect.poll(async () => new Set(Object.values(await roles())), PATIENCE).toEqual(BOTH_ROLES)

      await cluster.start('c', { noloadbalance: true, nofailover: true })
      await expect.poll(weights, PATIENCE).toEqual({ a: 1, b: 1, c: 0 })
      await expect.poll(async () => (await roles())['c'], PATIENCE).toBe('replica')

      const before = await roles()
      const [leader, candidate] = before['a'] === 'primary' ? ['a', 'b'] : ['b', 'a']
      const listsBefore = lists.length
      expect(await cluster.post('c', 'switchover', { leader, candidate })).toContain('Successfully')
      const after = { [leader]: 'replica', [candidate]: 'primary', c: 'replica' }
      await expect.poll(roles, PATIENCE).toEqual(after)
      // The same servers, so there is nothing to tell.
      expect(lists).toHaveLength(listsBefore)

      await cluster.killPatroni('a')
      await cluster.retag('c', {})
      await expect.poll(weights, PATIENCE).toEqual({ a: 1, b: 1, c: 1 })
    } finally {
      loop.close()
    }
    // The first one may have been alone for a moment.
    const told = lists.slice(-3).map((list) => list.map((node) => `${named(node)} ${node.weight}`).join(', '))
    expect(told).toEqual(['a 1, b 1', 'a 1, b 1, c 0', 'a 1, b 1, c 1'])
  },
)
