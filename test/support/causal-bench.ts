import { afterAll, afterEach, beforeAll } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster, ClusterNode, ClusterOptions } from '../../src/test-cluster/index.ts'
import { startClusterWith } from './ground.ts'
import { poolOver, replicasReady } from './routed-pool.ts'
import { ask } from './servers.ts'

/** Where reads went, and what they cost. */
export interface Answer {
  readonly version: number | undefined
  /** `primary`, or the replica by its number. */
  readonly from: 'primary' | number
  readonly tookMs: number
}

/** A cluster with a table of notes, and pools over it that are closed together. */
export class CausalBench {
  readonly #pools: Pool[] = []
  #cluster: Cluster | undefined
  #versions = 0

  /** Lasts for all tests of the file that calls this. */
  static forTests(options: ClusterOptions = {}): CausalBench {
    const bench = new CausalBench()
    beforeAll(() => bench.start(options))
    afterEach(() => bench.tidy())
    afterAll(() => bench.stop())
    return bench
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('The cluster has not been started')
    return this.#cluster
  }

  async start(options: ClusterOptions): Promise<void> {
    this.#cluster = await startClusterWith(
      { replicas: 2, ...options },
      'create table notes (id int primary key, version int not null)',
      'insert into notes values (1, 0)',
    )
  }

  async stop(): Promise<void> {
    await this.#cluster?.stop()
  }

  replica(index: 0 | 1): ClusterNode {
    const node = this.cluster.replicas[index]
    if (node === undefined) throw new Error(`There is no replica ${index}`)
    return node
  }

  /** A pool that knows its cluster. */
  async open(options: PoolOptions = {}): Promise<Pool> {
    const pool = this.openUnprepared(options)
    await replicasReady(pool, undefined, options.consistency === 'strong' ? { consistency: 'eventual' } : {})
    return pool
  }

  openUnprepared(options: PoolOptions = {}): Pool {
    const pool = poolOver(this.cluster, options)
    this.#pools.push(pool)
    return pool
  }

  /** Replay is paused while `fn` runs. */
  async paused<T>(indexes: readonly (0 | 1)[], fn: () => Promise<T>): Promise<T> {
    const nodes = indexes.map((index) => this.replica(index))
    await Promise.all(nodes.map((node) => node.pauseReplay()))
    try {
      return await fn()
    } finally {
      await Promise.all(nodes.map((node) => node.resumeReplay()))
      await this.cluster.caughtUp()
    }
  }

  /** Closes what is open, and lets the replicas catch up. */
  async tidy(): Promise<void> {
    await Promise.all(this.#pools.splice(0).map(async (pool) => pool.ending || (await pool.end())))
    await this.cluster.caughtUp()
  }

  /** Writes a version that was never there, through the pool. */
  async write(pool: Pool): Promise<number> {
    this.#versions += 1
    await pool.query('update notes set version = $1 where id = 1', [this.#versions])
    return this.#versions
  }

  /** As `write`, past the pool. */
  async writeBehind(): Promise<number> {
    this.#versions += 1
    await ask(this.cluster.primary.config, 'update notes set version = $1 where id = 1', [this.#versions])
    return this.#versions
  }
}

/** Reads once, while nobody else uses the pool. */
export async function readNote(pool: Pool, request: object = {}): Promise<Answer> {
  const before = pool.stats().nodes.map(({ reads }) => reads)
  const startedAtMs = performance.now()
  const text = 'select version from notes where id = 1'
  const { rows } = await pool.query<{ version: number }>({ text, ...request })
  const tookMs = performance.now() - startedAtMs
  const index = pool.stats().nodes.findIndex(({ reads }, at) => reads > (before[at] ?? 0))
  // What is not yet known to be a read is none, and went to the primary.
  return { version: rows[0]?.version, from: index <= 0 ? 'primary' : index - 1, tookMs }
}
