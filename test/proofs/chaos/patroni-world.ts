import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { patroniDiscovery, Pool } from '../../../src/index.ts'
import { processTree, signalAll } from '../../../src/test-cluster/embedded/processes.ts'
import { PatroniCluster } from '../../patroni/cluster.ts'
import type { Requirements } from '../../patroni/requirements.ts'
import { ask, until } from '../../support/servers.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { Names } from './names.ts'
import { APP, LONGEST_STATEMENT_MS, schemaFor } from './tables.ts'
import { pause } from '../timings.ts'
import type { ChaosServer, World } from './world.ts'

const MEMBERS = ['a', 'b', 'c'] as const
const PATIENCE_MS = 90_000

/** Three servers under Patroni, which the pool finds by its REST API. */
export async function openPatroni(callers: number, requirements: Requirements): Promise<World> {
  const patroni = await PatroniCluster.create(requirements, MEMBERS)
  await Promise.all(MEMBERS.map((name) => patroni.start(name)))
  const names = new Names()
  const servers = await Promise.all(MEMBERS.map((name) => serverOf(patroni, name)))
  for (const { config, network } of servers) names.set(`${config.host}:${config.port}`, network.config)
  const follow = async (): Promise<void> =>
    until('every member follows the leader', () => isWhole(servers), PATIENCE_MS)
  await follow()
  const primary = async (): Promise<ChaosServer> => {
    const untilMs = performance.now() + PATIENCE_MS
    while (performance.now() < untilMs) {
      const found = await leaderOf(servers)
      if (found !== undefined) return found
      // One that was killed is started, or replaced.
      await pause(100)
    }
    throw new Error('There is no leader')
  }
  await ask((await primary()).config, schemaFor(callers))
  const [first] = servers
  const pool = new Pool({
    host: '127.0.0.1',
    ...(first === undefined ? {} : { port: first.config.port }),
    ...APP,
    database: 'postgres',
    max: 8,
    discovery: patroniDiscovery({
      urls: MEMBERS.map((name) => patroni.member(name).apiUrl),
      intervalMs: 200,
    }),
    withoutPrimaryAtStart: 'wait',
    failoverTimeoutMs: 40_000,
    query_timeout: LONGEST_STATEMENT_MS,
    stream: () => names.socket(),
    logger: false,
  })
  await pool.ready()
  await until('the pool knows all members', () => pool.stats().nodes.length === MEMBERS.length, PATIENCE_MS)
  await replicasReady(pool)
  return {
    name: 'patroni',
    pool,
    servers,
    primary,
    healed: follow,
    switchover: async () => {
      const leader = await primary()
      const candidate = servers.find((server) => server !== leader)?.name
      await patroni.post(leader.name, 'switchover', { leader: leader.name, candidate })
      return `${leader.name} to ${candidate}`
    },
    killAgent: ({ name }) => patroni.killPatroni(name),
    startAgent: ({ name }) => patroni.start(name),
    [Symbol.asyncDispose]: async () => {
      for (const { network } of servers) await network.close()
      await patroni[Symbol.asyncDispose]()
    },
  }
}

async function serverOf(patroni: PatroniCluster, name: string): Promise<ChaosServer> {
  const { port } = patroni.member(name)
  const config = { ...patroni.login, host: '127.0.0.1', port }
  let frozen: readonly number[] = []
  let directory = ''
  const processes = async (): Promise<readonly number[]> => {
    // A server that is down does not say it again.
    directory = await ask(config, 'show data_directory').then(
      ([row]) => String(row?.['data_directory']),
      () => directory,
    )
    const [pid] = (await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n')
    // A server that is about to start or to end has none; 0 would be this process and its group.
    return Number(pid) > 0 ? processTree(Number(pid)) : []
  }
  return {
    name,
    config,
    network: await startProxy({ host: '127.0.0.1', port }),
    kill: async () => signalAll(await processes(), 'SIGKILL'),
    start: () => until(`${name} runs again`, () => answers(config), PATIENCE_MS),
    freeze: async () => {
      frozen = await processes()
      signalAll(frozen, 'SIGSTOP')
    },
    thaw: async () => signalAll(frozen, 'SIGCONT'),
  }
}

function answers(config: ChaosServer['config']): Promise<boolean> {
  return ask(config, 'select 1').then(
    () => true,
    () => false,
  )
}

/** The server that takes writes; of several, the one on the highest timeline. */
async function leaderOf(servers: readonly ChaosServer[]): Promise<ChaosServer | undefined> {
  const sql = `select case when pg_is_in_recovery() then '' else pg_walfile_name(pg_current_wal_lsn()) end as file`
  const files = await Promise.all(
    servers.map(async (server) => {
      const rows = await ask({ ...server.config, connectionTimeoutMillis: 2_000 }, sql).catch(() => [])
      return { server, file: rows[0] === undefined ? '' : String(rows[0]['file']) }
    }),
  )
  const [leader] = files.filter(({ file }) => file !== '').toSorted((a, b) => (a.file < b.file ? 1 : -1))
  return leader?.server
}

async function isWhole(servers: readonly ChaosServer[]): Promise<boolean> {
  const leader = await leaderOf(servers)
  if (leader === undefined) return false
  const sql = `select 1 from pg_stat_replication where state = 'streaming' and replay_lsn >= pg_current_wal_flush_lsn()
    and application_name = any($1)`
  const names = servers.filter((server) => server !== leader).map(({ name }) => name)
  const rows = await ask(leader.config, sql, [names]).catch(() => [])
  return rows.length === names.length
}
