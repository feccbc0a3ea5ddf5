import { Pool as PgPool } from 'pg'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import type { Balancer, Pool, PoolOptions } from '../../src/index.ts'
import { poolOver } from '../../test/support/routed-pool.ts'
import { until } from '../../test/support/servers.ts'
import { startProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts'

/** A cluster whose replicas are reached over networks that can be hurt. */
export interface Ground extends AsyncDisposable {
  readonly cluster: Cluster
  readonly proxies: readonly TcpProxy[]
}

/** How long a read takes on a healthy replica, in milliseconds: asleep, so that the processor is not what is measured. */
export const SERVICE_MS = 4

export const READ: string = `select pg_sleep(${SERVICE_MS / 1000})`

export async function prepareGround(replicas: number): Promise<Ground> {
  const cluster = await startCluster({ replicas })
  const setup = new PgPool(cluster.primary.config)
  await setup.query('create table versions (id int primary key, version int not null)')
  await setup.query('insert into versions select g, 0 from generate_series(1, 64) g')
  await setup.end()
  await cluster.caughtUp()
  const proxies = await Promise.all(
    cluster.replicas.map(({ config }) => startProxy({ host: config.host, port: config.port })),
  )
  return {
    cluster,
    proxies,
    async [Symbol.asyncDispose]() {
      await Promise.all(proxies.map((proxy) => proxy.close()))
      await cluster.stop()
    },
  }
}

export interface PoolGiven extends PoolOptions {
  /** Without this one. */
  readonly without?: number
}

/** A pool over the proxies, whose connections are open. */
export async function openPool(
  { cluster, proxies }: Ground,
  balancer: Balancer | undefined,
  { without, ...options }: PoolGiven = {},
): Promise<Pool> {
  const zones = ['a', 'b', 'b']
  const replicas = cluster.replicas
    .map(({ config }, index) => ({
      ...config,
      ...proxies[index]?.config,
      tags: { zone: zones[index % zones.length] ?? 'b' },
    }))
    .filter((_replica, index) => index !== without)
  const pool = poolOver(cluster, {
    max: 20,
    ...options,
    replicas,
    ...(balancer === undefined ? {} : { balancer }),
  })
  await pool.ready()
  await until('all nodes are known', () => {
    const { catalog, nodes } = pool.stats()
    return catalog === 'loaded' && nodes.every(({ role, lagMs }) => role === 'primary' || lagMs !== undefined)
  })
  return pool
}

/** Share of the reads for each node: the primary first, then replicas as the cluster has them; and off the primary. */
export function sharesSince(
  before: ReturnType<Pool['stats']>,
  now: ReturnType<Pool['stats']>,
): { readonly shares: Readonly<Record<string, number>>; readonly offload: number } {
  const reads = now.nodes.map((node, index) => ({
    name: index === 0 ? 'primary' : `replica ${index}`,
    count: node.reads - (before.nodes[index]?.reads ?? 0),
  }))
  const sum = reads.reduce((total, { count }) => total + count, 0)
  const share = (count: number): number => Number((sum === 0 ? 0 : count / sum).toFixed(4))
  return {
    shares: Object.fromEntries(reads.map(({ name, count }) => [name, share(count)])),
    offload: share(sum - (reads[0]?.count ?? 0)),
  }
}
