import { Client } from 'pg'
import type { PoolOptions, ReplicaOptions } from '../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'
import type { Orm } from './orm.ts'

/** Statements on people and their notes, and transactions, that a server has finished. */
export interface Tally {
  readonly reads: number
  readonly writes: number
  readonly transactions: number
}

/** What was done on the servers, by their own word. */
export interface Work<T> {
  readonly result: T
  readonly primary: Tally
  /** All replicas together. */
  readonly replicas: Tally
}

/** On a machine that has much else to do nobody is taken for lost, nor for too far behind. */
export const PATIENT: PoolOptions = { maxLag: { ms: 600_000 }, probeTimeoutMs: 20_000 }

/** Servers that count what they are asked, with a database for each ORM. */
export class OrmGround implements AsyncDisposable {
  readonly cluster: Cluster
  readonly #counters: readonly Client[]

  private constructor(cluster: Cluster, counters: readonly Client[]) {
    this.cluster = cluster
    this.#counters = counters
  }

  static async start(): Promise<OrmGround> {
    const settings = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.max': 5000 }
    const cluster = await startCluster({ replicas: 2, settings })
    try {
      await ask(cluster.primary.config, 'create extension pg_stat_statements')
      await cluster.caughtUp()
      const counters = [cluster.primary, ...cluster.replicas].map(({ config }) => new Client(config))
      await Promise.all(counters.map((counter) => counter.connect()))
      return new OrmGround(cluster, counters)
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** Makes a database, and gives the options of a pool for it. */
  async database(name: string): Promise<PoolOptions> {
    await this.#counters[0]?.query(`create database "${name}"`)
    await this.cluster.caughtUp()
    const { primary, replicas } = this.cluster
    const at = (node: ClusterNode): ReplicaOptions => ({ ...node.config, database: name })
    return { ...at(primary), replicas: replicas.map(at), max: 4, logger: false }
  }

  /** Resolves when reads of this ORM go to replicas only. */
  async replicasServe(database: string, orm: Orm): Promise<void> {
    await this.cluster.caughtUp()
    await until(
      'reads go to replicas',
      async () => {
        const { primary } = await this.during(database, async () => {
          // Of every table: what has just been made is known a moment later.
          for (let n = 0; n < 2; n++) {
            await orm.find(0)
            await orm.list()
            await orm.count()
            await orm.notesOf(1)
          }
        })
        return primary.reads === 0
      },
      25_000,
    )
  }

  /** What the servers have finished in this database while `work` was done. */
  async during<T>(database: string, work: () => Promise<T>): Promise<Work<T>> {
    const before = await this.#tallies(database)
    const result = await work()
    const after = await this.#tallies(database)
    const [primary = NOTHING, ...replicas] = after.map((tally, index) =>
      plus(tally, before[index] ?? NOTHING, -1),
    )
    return { result, primary, replicas: replicas.reduce((sum, tally) => plus(sum, tally, 1), NOTHING) }
  }

  /** Replicas go on answering, and show nothing new, until what this gives is called. */
  async pauseReplay(): Promise<() => Promise<void>> {
    const { replicas } = this.cluster
    await Promise.all(replicas.map((node) => node.pauseReplay()))
    return async () => {
      await Promise.all(replicas.map((node) => node.resumeReplay()))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#counters.map((counter) => counter.end()))
    await this.cluster.stop()
  }

  #tallies(database: string): Promise<readonly Tally[]> {
    return Promise.all(this.#counters.map((counter) => tallyOf(counter, database)))
  }
}

const NOTHING: Tally = { reads: 0, writes: 0, transactions: 0 }

const COUNT = `
  select coalesce(sum(calls) filter (where query ~* '^\\s*select' and query ~* 'people|notes'), 0)::int as reads,
    coalesce(sum(calls) filter (where query ~* '^\\s*(insert|update|delete)'), 0)::int as writes,
    coalesce(sum(calls) filter (where query ~* '^\\s*(begin|start transaction)'), 0)::int as transactions
  from pg_stat_statements join pg_database on pg_database.oid = dbid
  where datname = $1`

async function tallyOf(counter: Client, database: string): Promise<Tally> {
  const { rows } = await counter.query<Tally>(COUNT, [database])
  return rows[0] ?? NOTHING
}

function plus(a: Tally, b: Tally, sign: 1 | -1): Tally {
  return {
    reads: a.reads + sign * b.reads,
    writes: a.writes + sign * b.writes,
    transactions: a.transactions + sign * b.transactions,
  }
}
