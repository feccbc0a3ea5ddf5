import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { auroraDiscovery, Pool, weightedRandom } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { listStatus, refuse, startPoorCluster, tellStatus } from '../support/poor-servers.ts'
import { until } from '../support/servers.ts'

const READ = 'select count(*) from items'
const INTERVAL_MS = 100

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startPoorCluster()
  await refuse(cluster, ['pg_stat_get_wal_receiver'])
  await tellStatus(cluster)
})

afterAll(() => cluster?.stop())

afterEach(() => pool.end())

/** A pool that is given one node, as by a cluster endpoint, and finds the others. */
function openPool(rampMs: number): Pool {
  return new Pool({
    ...cluster.primary.config,
    logger: false,
    // By weight alone, so that shares can be counted.
    balancer: weightedRandom(),
    discovery: auroraDiscovery({
      host: (serverId) => {
        const node = cluster.nodes.find(({ name }) => name === serverId)
        return { host: node?.config.host ?? serverId, port: node?.config.port }
      },
      intervalMs: INTERVAL_MS,
      rampMs,
    }),
  })
}

type Stats = ReturnType<Pool['stats']>['nodes'][number]

/** The statistics of the pool's nodes, by the names of the servers. */
function statsOf(): ReadonlyMap<string, Stats> {
  const named = pool.stats().nodes.map((node): [string, Stats] => {
    const server = cluster.nodes.find(({ config }) => node.id.endsWith(`:${config.port}`))
    return [server?.name ?? '', node]
  })
  return new Map(named)
}

function roles(): string {
  return [...statsOf()].map(([name, { role }]) => `${name} ${role}`).join(', ')
}

/** Reads so often. Returns how many reads each server has answered. */
async function shares(reads: number): Promise<Record<string, number>> {
  const before = statsOf()
  for (let i = 0; i < reads; i += 1) await pool.query(READ)
  const counts = [...statsOf()].map(([name, node]) => [name, node.reads - (before.get(name)?.reads ?? 0)])
  return Object.fromEntries(counts) as Record<string, number>
}

it('follows scaling: new readers get their share gradually, removed ones finish what they run', async () => {
  await listStatus(cluster, { listed: ['node1', 'node2'] })
  pool = openPool(60_000)
  await pool.ready()
  expect(roles()).toBe('node1 primary, node2 replica')
  await until('the reader serves', async () => (await shares(1))['node2'] === 1)
  expect(await shares(20)).toEqual({ node1: 0, node2: 20 })

  await listStatus(cluster, {})
  await until('the new reader is found', () => roles() === 'node1 primary, node2 replica, node3 replica')
  await until('both readers serve', async () => {
    const { node1, node3 = 0 } = await shares(20)
    return node1 === 0 && node3 > 0
  })
  const { node1, node3 = 0 } = await shares(300)
  expect(node1).toBe(0)
  expect(node3).toBeGreaterThan(0)
  expect(node3).toBeLessThan(100)

  const slow = pool.query(`${READ} where id = 1 and pg_sleep(0.5) is not null`)
  await listStatus(cluster, { listed: ['node1', 'node3'] })
  await until('the reader is gone', () => roles() === 'node1 primary, node3 replica')
  expect((await slow).rows).toEqual([{ count: '1' }])
  await until('the other reader serves', async () => (await shares(10))['node3'] === 10)
})

it('follows a failover', async () => {
  await listStatus(cluster, {})
  pool = openPool(1)
  await pool.ready()
  await pool.query('update items set n = n + 1 where id = 1')
  const [promoted] = cluster.replicas
  await cluster.promote(0)
  const { rows } = await pool.query<{ server: string }>(
    `update items set n = n + 1 where id = 1 returning current_setting('cluster_name') as server`,
  )
  expect(rows).toEqual([{ server: promoted?.name }])
  await listStatus(cluster, {})
  await until('all roles are known', () => {
    const found = [...statsOf().values()].map(({ role }) => role)
    return found.filter((role) => role === 'replica').length === 2 && found.includes('primary')
  })
  expect((await pool.query('select n from items where id = 1')).rows).toEqual([{ n: 2 }])
})
