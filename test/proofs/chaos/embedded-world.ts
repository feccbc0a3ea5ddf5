import { Pool, type PoolOptions } from '../../../src/index.ts'
import {
  startCluster,
  type Cluster,
  type ClusterNode,
  type Settings,
} from '../../../src/test-cluster/index.ts'
import { Bouncer } from '../../pgbouncer/bouncer.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { ask } from '../../support/servers.ts'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { Authority } from '../../tls/authority.ts'
import { Names } from './names.ts'
import { APP, LONGEST_STATEMENT_MS, schemaFor } from './tables.ts'
import type { ChaosServer, World } from './world.ts'

const DOMAIN = 'db.test'
/** Port of the names; addresses have ports of their own. */
const PORT = 5432

const SETTINGS: Settings = {
  max_connections: 40,
  // Replay wins over reads soon, so that it cancels some.
  max_standby_streaming_delay: '50ms',
  work_mem: '64kB',
}

const POOL: PoolOptions = {
  user: APP.user,
  password: APP.password,
  database: 'postgres',
  max: 8,
  failoverTimeoutMs: 30_000,
  query_timeout: LONGEST_STATEMENT_MS,
  logger: false,
}

/** A primary and two replicas behind TLS, SCRAM, names, and a network for each of them. */
export async function openDirect(callers: number): Promise<World> {
  const authority = await Authority.create(`*.${DOMAIN}`)
  const { cluster, servers } = await startServers(callers, authority.settings)
  const names = new Names()
  for (const { name, network } of servers) names.set(`${name}.${DOMAIN}`, network.config)
  const [first, ...others] = servers.map(({ name }) => ({ host: `${name}.${DOMAIN}`, port: PORT }))
  const pool = new Pool({
    ...POOL,
    ...first,
    replicas: others,
    ssl: { ca: authority.ca },
    stream: () => names.socket(),
  })
  await replicasReady(pool)
  const close = async (): Promise<void> => authority[Symbol.asyncDispose]()
  return { name: 'direct', names, ...embedded(cluster, servers, pool, close) }
}

/** The same servers, each behind a PgBouncer that pools transactions. */
export async function openBouncers(callers: number): Promise<World> {
  const { cluster, servers } = await startServers(callers, {})
  const bouncers = new Map<ChaosServer, Bouncer>()
  const start = async (server: ChaosServer): Promise<void> => {
    const { config, network } = server
    const bouncer = await Bouncer.start({ ...config, ...APP } as ClusterNode['config'], 'transaction', {
      default_pool_size: 12,
      ignore_startup_parameters: 'extra_float_digits,statement_timeout',
    })
    bouncers.set(server, bouncer)
    network.lead([bouncer.config])
  }
  for (const server of servers) await start(server)
  const [first, ...others] = servers.map(({ network }) => network.config)
  const pool = new Pool({ ...POOL, ...first, replicas: others })
  await replicasReady(pool)
  const close = async (): Promise<void> => {
    for (const bouncer of bouncers.values()) await bouncer.stop()
  }
  return {
    name: 'bouncers',
    ...embedded(cluster, servers, pool, close),
    restartBouncer: async (server) => {
      await bouncers.get(server)?.stop()
      await start(server)
    },
  }
}

async function startServers(
  callers: number,
  settings: Settings,
): Promise<{ cluster: Cluster; servers: readonly ChaosServer[] }> {
  const cluster = await startCluster({ replicas: 2, settings: { ...SETTINGS, ...settings } })
  await ask(cluster.primary.config, schemaFor(callers))
  await cluster.caughtUp()
  const servers = await Promise.all(
    cluster.nodes.map(async (node) => serverOf(node, await startProxy(node.config))),
  )
  return { cluster, servers }
}

function serverOf(node: ClusterNode, network: TcpProxy): ChaosServer {
  return {
    name: node.name,
    config: node.config,
    network,
    kill: () => node.kill(),
    stop: () => node.stop('fast'),
    start: () => node.start(),
    freeze: () => node.freeze(),
    thaw: () => node.thaw(),
  }
}

function embedded(
  cluster: Cluster,
  servers: readonly ChaosServer[],
  pool: Pool,
  close: () => Promise<void>,
): Omit<World, 'name'> {
  return {
    cluster,
    servers,
    pool,
    primary: async () => {
      const found = servers.find(({ name }) => name === cluster.primary.name)
      if (found === undefined) throw new Error('There is no primary')
      return found
    },
    healed: () => cluster.caughtUp({ timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: async () => {
      for (const { network } of servers) await network.close()
      await close()
      await cluster.stop()
    },
  }
}
