import { setTimeout } from 'node:timers/promises'
import { functionDiscovery, Pool, type PoolOptions } from '../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'

export interface RestOptions {
  /**
   * Time from the last use to the first count, in milliseconds. Absent: until no server has a connection, which fails after a
   * minute.
   */
  readonly afterMs?: number | undefined
  /** Time between both counts, in milliseconds. */
  readonly windowMs: number
  readonly idleTimeoutMillis?: number
}

/** What one server had to do for the pools. */
export interface Work {
  readonly server: string
  readonly connections: number
  /** Statements by pg_stat_statements, and transactions by pg_stat_database. */
  readonly statements: number
  readonly transactions: number
}

export interface RestFigures {
  /** While the pools were in use: shows that what is counted afterwards is counted. */
  readonly used: readonly Work[]
  /** During the window. Connections are those at its end. */
  readonly resting: readonly Work[]
}

const NAME = 'resting'

/** Uses pools of each kind, leaves them alone, and counts on every server what they still do. None of them is ended. */
export async function runRest({ afterMs, windowMs, ...more }: RestOptions): Promise<RestFigures> {
  const settings = {
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track': 'all',
    // Its workers' transactions would count as those of the database.
    autovacuum: 'off',
  }
  const cluster = await startCluster({ replicas: 2, settings })
  const pools: Pool[] = []
  try {
    for (const sql of [
      'create extension pg_stat_statements',
      `create role ${NAME} login superuser password 'secret'`,
      `create database ${NAME} owner ${NAME}`,
    ])
      await ask(cluster.primary.config, sql)
    await cluster.caughtUp()
    const none = await count(cluster)
    pools.push(...poolsOf(cluster, more))
    await Promise.all(pools.map(use))
    const before = await count(cluster)
    if (afterMs === undefined) {
      await until('no server has a connection', async () => sum(await count(cluster)) === 0, 60_000)
    } else {
      await setTimeout(afterMs)
    }
    const atRest = await count(cluster)
    await setTimeout(windowMs)
    const after = await count(cluster)
    return { used: between(none, before), resting: between(atRest, after) }
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
    await cluster.stop()
  }
}

function poolsOf({ primary, replicas }: Cluster, more: PoolOptions): readonly Pool[] {
  const login = { user: NAME, password: 'secret', database: NAME }
  const single: PoolOptions = { ...primary.config, ...login, logger: false, ...more }
  const routed: PoolOptions = { ...single, replicas: replicas.map(({ config }) => ({ ...config, ...login })) }
  return [
    new Pool(routed),
    new Pool({ ...routed, lifecycle: 'suspending' }),
    new Pool({ ...routed, tiers: { slow: { share: 0.5 } } }),
    new Pool({ ...routed, checkout: 'eager' }),
    new Pool({
      ...single,
      discovery: functionDiscovery(
        async () => [primary, ...replicas].map(({ config: { host, port } }) => ({ host, port })),
        {
          intervalMs: 1_000,
        },
      ),
    }),
    new Pool(single),
  ]
}

/** Uses a pool in every way that may leave something behind. */
async function use(pool: Pool, index: number): Promise<void> {
  await pool.query(`create table t${index} (a int)`)
  await pool.ready()
  for (let i = 0; i < 20; i += 1) await pool.query(`select count(*) from t${index} where a = $1`, [i])
  await pool.withSession(async () => {
    await pool.query(`insert into t${index} values (1)`)
    await pool.query(`select * from t${index}`)
  })
  await pool.transaction((client) => client.query(`select * from t${index}`), { readOnly: true })
  const client = await pool.connect()
  await client.query('listen resting')
  client.release()
  if (pool.stats().nodes.length > 1) await pool.explain('select 1')
}

async function count({ primary, replicas }: Cluster): Promise<readonly Work[]> {
  return Promise.all([primary, ...replicas].map(workOf))
}

async function workOf({ config, name }: ClusterNode): Promise<Work> {
  const [row] = await ask(
    config,
    `select (select count(*)::int from pg_stat_activity where usename = $1) as connections,
      (select coalesce(sum(s.calls), 0)::int from pg_stat_statements s join pg_roles r on r.oid = s.userid
        where r.rolname = $1) as statements,
      (select coalesce(sum(xact_commit + xact_rollback), 0)::int from pg_stat_database where datname = $1) as transactions`,
    [NAME],
  )
  return { server: name, ...(row as Omit<Work, 'server'>) }
}

function sum(works: readonly Work[]): number {
  return works.reduce((total, { connections }) => total + connections, 0)
}

function between(before: readonly Work[], after: readonly Work[]): readonly Work[] {
  return after.map((work, index) => ({
    ...work,
    statements: work.statements - (before[index]?.statements ?? 0),
    transactions: work.transactions - (before[index]?.transactions ?? 0),
  }))
}
