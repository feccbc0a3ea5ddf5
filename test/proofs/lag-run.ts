import { Client } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { itemsSchema, Readers } from './readers.ts'
import { median, pause, rounded } from './timings.ts'

export interface LagOptions {
  readonly trials: number
  readonly probeIntervalMs: number
  /** The longest lag to bring about, in milliseconds. */
  readonly longestMs: number
}

export interface LagFigures {
  readonly trials: number
  readonly probeIntervalMs: number
  /** Distances of the lag that the pool tells from the true one. */
  readonly maxErrorMs: number
  readonly medianErrorMs: number
  /** Of those at which the pool told less than the truth, and at which it told more. */
  readonly mostTooLittleMs: number
  readonly mostTooMuchMs: number
  /** Trials in which the pool did not know the lag. Must be 0. */
  readonly unknown: number
  /** From the end of a lag until the pool tells none, at worst. */
  readonly slowestEndMs: number
}

/**
 * Holds the lag that the pool tells against the truth, which is known by construction: a replica that had everything
 * stops to replay, and then something is written. From that moment on it is behind.
 */
export async function runLag(cluster: Cluster, options: LagOptions): Promise<LagFigures> {
  const [replica] = cluster.replicas
  if (replica === undefined) throw new Error('The cluster has no replica')
  const [writer, reader] = [new Client(cluster.primary.config), new Client(replica.config)]
  await Promise.all([writer.connect(), reader.connect()])
  await writer.query(itemsSchema)
  await cluster.caughtUp()
  const { probeIntervalMs } = options
  const pool = poolOver(cluster, { probeIntervalMs, windowMs: probeIntervalMs * 4 })
  const servers = { cluster, pool, writer, reader, replica }
  try {
    await replicasReady(pool)
    // A pool that nobody uses looks less often.
    const readers = new Readers(pool, 1)
    const errors: (number | undefined)[] = []
    const ends: number[] = []
    for (let trial = 0; trial < options.trials; trial++) {
      errors.push(await errorOfOne(servers, options))
      ends.push(await endOfLag(servers))
    }
    await readers.stop()
    const known = errors.filter((error) => error !== undefined)
    return {
      trials: errors.length,
      probeIntervalMs,
      maxErrorMs: rounded(Math.max(...known.map(Math.abs))),
      medianErrorMs: rounded(median(known.map(Math.abs))),
      mostTooLittleMs: rounded(Math.max(0, ...known.map((error) => -error))),
      mostTooMuchMs: rounded(Math.max(0, ...known)),
      unknown: errors.length - known.length,
      slowestEndMs: rounded(Math.max(...ends)),
    }
  } finally {
    await pool.end()
    await Promise.all([writer.end(), reader.end()])
  }
}

interface Servers {
  readonly cluster: Cluster
  readonly pool: Pool
  readonly writer: Client
  readonly reader: Client
  readonly replica: ClusterNode
}

/** What the pool tells, less the truth; in milliseconds. Leaves the replica behind. */
async function errorOfOne(servers: Servers, options: LagOptions): Promise<number | undefined> {
  const { cluster, pool, writer, replica } = servers
  for (;;) {
    await cluster.caughtUp()
    await replica.pauseReplay()
    // At any phase of the probes.
    await pause(Math.random() * options.probeIntervalMs * 2)
    const isLevel = await hasEverything(servers)
    const startedAtMs = performance.now()
    await writer.query(`update items set name = 'changed' where id = 1`)
    const writtenAtMs = performance.now()
    // The server writes WAL of its own at times; and only a quick write tells when it was.
    if (!isLevel || writtenAtMs - startedAtMs > 20) {
      await replica.resumeReplay()
      continue
    }
    await pause(Math.random() * options.longestMs)
    const told = lagOf(pool, replica)
    return told === undefined ? undefined : told - (performance.now() - writtenAtMs)
  }
}

/** How long the pool goes on telling a lag when there is none any longer, in milliseconds. */
async function endOfLag({ cluster, pool, replica }: Servers): Promise<number> {
  await replica.resumeReplay()
  await cluster.caughtUp()
  const caughtUpAtMs = performance.now()
  await until('the pool tells no lag', () => lagOf(pool, replica) === 0)
  return performance.now() - caughtUpAtMs
}

function lagOf(pool: Pool, { config }: ClusterNode): number | undefined {
  return pool.stats().nodes.find(({ id }) => id === `${config.host}:${config.port}`)?.lagMs
}

async function hasEverything({ writer, reader }: Servers): Promise<boolean> {
  const written = await writer.query<{ lsn: string }>('select pg_current_wal_flush_lsn() as lsn')
  const replayed = await reader.query<{ lsn: string }>('select pg_last_wal_replay_lsn() as lsn')
  return written.rows[0]?.lsn === replayed.rows[0]?.lsn
}
