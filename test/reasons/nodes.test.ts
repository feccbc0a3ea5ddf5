import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionDiscovery, type DiscoveredNode, type Pool, type ReplicaOptions } from '../../src/index.ts'
import { healthOf } from '../../src/http/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { READINESS } from '../observability/reasons.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { withClient } from '../support/transactions.ts'
import { actUntil, Produced } from './produced.ts'
import { alterSystem } from '../support/settings.ts'

const READ = 'select label from items where id = 1'
const WRITE = 'update items set label = label where id = 1'

let cluster: Cluster
let stranger: Cluster
let way: TcpProxy
const open = poolsForTests(() => cluster, { probeIntervalMs: 50 })
const produced = Produced.inTests()

beforeAll(async () => {
  ;[cluster, stranger] = await Promise.all([
    startClusterWith({ replicas: 2 }, itemsTable(50)),
    sharedCluster({ replicas: 0 }),
  ])
  way = await startProxy(replica(0))
})

afterAll(async () => {
  await way?.close()
  await Promise.all([cluster?.stop(), stranger?.stop()])
})

function replica(index: number): ReplicaOptions & { host: string; port: number } {
  const { host = '', port = 0 } = cluster.replicas[index]?.config ?? {}
  return { host, port }
}

function addressOfPrimary(): DiscoveredNode {
  const { host, port } = cluster.primary.config
  return { host, port }
}

/** Logs in at another address. */
const config = (address: object): object => ({ ...cluster.primary.config, ...address })

test('reasons from the options of nodes', async () => {
  const pool = await open({ tiers: { far: { tags: { zone: 'far' } } } })
  // At the start a replica of another cluster would be an error.
  pool.setNodes([
    addressOfPrimary(),
    { ...replica(0), tags: { zone: 'far' } },
    { ...replica(0), host: 'localhost' },
    { ...replica(1), weight: 0 },
    stranger.primary.config,
  ])
  for (const reason of ['same-server', 'drained', 'foreign-cluster'])
    await actUntil(produced, 'Rejected nodes', reason, () => pool.query(READ))
  await pool.query({ text: READ, tier: 'far' })
  pool.setNodes([addressOfPrimary(), { ...replica(1), host: 'localhost' }])
  await pool.query(READ)
  for (const reason of ['other-tags', 'pending']) expect(produced.has('Rejected nodes', reason)).toBe(true)
})

test('how far replicas are behind', async () => {
  const pool = await open({ maxLag: { ms: 300 } })
  const recent = { text: READ, consistency: 'bounded', maxStalenessMs: 1 } as const
  await actUntil(produced, 'Rejected nodes', 'lagging', () => pool.query(recent))
  const replicas = cluster.replicas
  const behind = async (): Promise<void> => {
    await Promise.all(replicas.map((node) => node.pauseReplay()))
    await pool.query(WRITE)
    await pool.query(READ)
  }
  const resume = async (): Promise<void> => {
    await Promise.all(replicas.map((node) => node.resumeReplay()))
    await cluster.caughtUp()
  }
  // It is known after a while that they take long.
  await actUntil(produced, 'Candidates', 'sooner', async () => {
    await behind()
    await resume()
  })
  await behind()
  await actUntil(produced, 'Rejected nodes', 'too-far-behind', () => pool.query(READ))
  await resume()
  expect(produced.has('Rejected nodes', 'behind-session')).toBe(true)
})

test('no primary at the start: replicas whose lag is unknown are better than no answer', async () => {
  const pool = poolOver(cluster, { port: 1, withoutPrimaryAtStart: 'serve' })
  await pool.query('select 1')
  await pool.end()
  expect(produced.has('Rejected nodes', 'lag-unknown')).toBe(true)
  expect(produced.has('Candidates', 'last-resort')).toBe(true)
})

test('each reason why a process is not ready', async () => {
  const alone = poolOver(cluster, { port: 1, replicas: [{ ...replica(0), port: 2 }] })
  const reasons = [...healthOf(alone.stats(), true).reasons]
  await alone.query('select 1').catch(() => {})
  reasons.push(...healthOf(alone.stats(), true).reasons)
  await alone.end()
  expect(reasons.toSorted()).toEqual(READINESS.toSorted())
})

test('a connection that is held', async () => {
  const pool = await open()
  await withClient(pool, async (client) => {
    await client.query('begin')
    await client.query(READ)
    await client.query('commit')
  })
  expect(produced.has('Candidates', 'held')).toBe(true)
})

test('a replica that fails', async () => {
  const pool = await open({ replicas: [way.config, replica(1)], balancer: { order: (nodes) => nodes } })
  // Sorts fail there, as on a full disk.
  await alterSystem(config(replica(0)), { work_mem: 64, temp_file_limit: 64 })
  const sort =
    'select count(*) from (select repeat(label, 200) from items, generate_series(1, 100) order by 1 offset 0) s'
  await actUntil(produced, 'Rejected nodes', 'ejected', () => pool.query(sort))
  await alterSystem(config(replica(0)), { work_mem: null, temp_file_limit: null })
  const slow = { text: 'select pg_sleep(0.05)::text from items where id = 1' }
  const two = (): Promise<unknown> => Promise.all([pool.query(slow), pool.query(slow)])
  await actUntil(produced, 'Rejected nodes', 'recovering', two)

  pool.events.on('nodeChanged', ({ to }) => {
    if (to === 'suspected' || to === 'down') void pool.query(READ)
  })
  const loaded = Array.from({ length: 5 }, () => pool.query(slow))
  await way.cut()
  await Promise.all(loaded)
  for (const reason of ['suspected', 'down'])
    await actUntil(produced, 'Rejected nodes', reason, () => pool.query(READ))
  await way.restore()
  expect(produced.has('States of nodes', 'suspected')).toBe(true)
})

test('discovery that names no node, or fails', async () => {
  let answer: readonly DiscoveredNode[] | Error = [addressOfPrimary(), replica(0)]
  const discovery = functionDiscovery(
    () => {
      if (answer instanceof Error) throw answer
      return answer
    },
    { intervalMs: 100 },
  )
  const pool = poolOver(cluster, { replicas: [], discovery })
  await replicasReady(pool, 1)
  answer = []
  await until('it named none', () => produced.has('Discovery', 'empty'))
  answer = new Error('no answer')
  await until('it failed', () => produced.has('Discovery', 'failed'))
  await pool.end()
  expect(produced.missing('Discovery')).toEqual([])
})

test('an old primary, and two new ones of which one is read-only', async () => {
  const pool: Pool = await open()
  const [one, other] = [replica(0), replica(1)]
  await Promise.all([one, other].map((address) => ask(config(address), 'select pg_promote()')))
  await alterSystem(config(other), { default_transaction_read_only: 'on' })
  for (const reason of ['old-timeline', 'read-only'])
    await actUntil(produced, 'Rejected nodes', reason, () => pool.query(READ).catch(() => {}))
  expect(pool.stats().nodes.map(({ state }) => state)).toEqual(
    expect.arrayContaining(['primary', 'old-timeline', 'read-only']),
  )
})

test('that is every candidate, every rejection and every state of a node', () => {
  expect(produced.missing('Candidates')).toEqual([])
  expect(produced.missing('Rejected nodes')).toEqual([])
  expect(produced.missing('States of nodes')).toEqual([])
})
