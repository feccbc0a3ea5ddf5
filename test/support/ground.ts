import { afterEach } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster, ClusterOptions } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from './routed-pool.ts'
import { ask } from './servers.ts'
import { sharedCluster } from './shared-cluster.ts'

/** Starts a cluster with what these statements make; every replica shows it. */
export async function startClusterWith(
  options: ClusterOptions,
  ...statements: readonly string[]
): Promise<Cluster> {
  const cluster = await sharedCluster(options)
  try {
    for (const sql of statements) await ask(cluster.primary.config, sql)
    await cluster.caughtUp()
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** Makes the table `items` with so many rows: ids from 1, labels `item 1` and so on. */
export function itemsTable(rows: number): string {
  return `create table items (id int primary key, label text);
    insert into items select g, 'item ' || g from generate_series(1, ${rows}) g`
}

/** Opens pools over a cluster that know it; each is ended behind the test that opened it. */
export function poolsForTests(
  cluster: () => Cluster,
  defaults: PoolOptions,
): (options?: PoolOptions) => Promise<Pool> {
  const pools: Pool[] = []
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())))
  return async (options) => {
    const pool = poolOver(cluster(), { ...defaults, ...options })
    pools.push(pool)
    await replicasReady(pool)
    return pool
  }
}

/** What a pool's nodes have got since this was made, in their order. */
export class Tally {
  readonly #pool: Pool
  readonly #before: ReturnType<Pool['stats']>['nodes']

  constructor(pool: Pool) {
    this.#pool = pool
    this.#before = pool.stats().nodes
  }

  /** Statements sent. */
  queries(): number[] {
    return this.#pool.stats().nodes.map(({ queries }, i) => queries - (this.#before[i]?.queries ?? 0))
  }

  /** Reads answered. */
  reads(): number[] {
    return this.#pool.stats().nodes.map(({ reads }, i) => reads - (this.#before[i]?.reads ?? 0))
  }
}
