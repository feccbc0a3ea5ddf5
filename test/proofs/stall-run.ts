import { Pool, type NodeStats } from '../../src/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { itemsSchema, Readers, type ReadTime } from './readers.ts'
import { pause, rounded, Timings, type Latencies } from './timings.ts'

export interface StallOptions {
  readonly callers: number
  readonly readTimeoutMs: number
  /** How long the load runs before the stall, while it lasts, and after it. */
  readonly quietMs: number
}

export interface StallFigures {
  readonly reads: number
  /** Must be 0. */
  readonly failed: number
  readonly errors: Readonly<Record<string, number>>
  readonly readTimeoutMs: number
  /** Reads that the stall has cost a `readTimeoutMs`. */
  readonly delayed: number
  /** How many of those one and the same caller had, at worst. Must be at most 1. */
  readonly delayedPerCaller: number
  /** The longest read of all. Must be about `readTimeoutMs` at most, and the time that a read takes. */
  readonly maxMs: number
  /** From the stall until the replica is known not to serve. */
  readonly outAfterMs: number
  /** Of the reads that began after that, while the replica was stalled. */
  readonly latenciesWithout: Latencies
  /** From the end of the stall until the replica serves again. */
  readonly backAfterMs: number
}

/** Stalls the way to one of two replicas under load: connections stay open, and nothing comes. */
export async function runStall({ callers, readTimeoutMs, quietMs }: StallOptions): Promise<StallFigures> {
  await using cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, itemsSchema)
  await cluster.caughtUp()
  const [near, far] = cluster.replicas.map(({ config }) => config)
  if (near === undefined || far === undefined) throw new Error('The cluster has too few replicas')
  await using proxy = await startProxy(far)
  const replicas = [near, { ...far, ...proxy.config }]
  const pool = new Pool({ ...cluster.primary.config, replicas, readTimeoutMs, logger: false })
  const behindProxy = (): NodeStats | undefined =>
    pool.stats().nodes.find(({ id }) => id.endsWith(`:${proxy.config.port}`))
  try {
    await replicasReady(pool)
    const reads: ReadTime[] = []
    const readers = new Readers(pool, callers, (read) => reads.push(read))
    await pause(quietMs)

    const stalledAtMs = performance.now()
    proxy.stall()
    await until('the replica is out', () => behindProxy()?.state !== 'replica', 60_000)
    const outAtMs = performance.now()
    await pause(quietMs)

    const resumedAtMs = performance.now()
    proxy.resume()
    const served = behindProxy()?.queries ?? 0
    await until('the replica serves again', () => (behindProxy()?.queries ?? 0) > served + 10, 60_000)
    const backAtMs = performance.now()
    await pause(quietMs)
    await readers.stop()

    const during = reads.filter(({ endedAtMs }) => endedAtMs > stalledAtMs)
    const delayed = during.filter((read) => lengthOf(read) >= readTimeoutMs * 0.9)
    const without = reads.filter((read) => read.startedAtMs > outAtMs && read.endedAtMs < resumedAtMs)
    return {
      reads: reads.length,
      failed: readers.errors.total,
      errors: readers.errors.report(),
      readTimeoutMs,
      delayed: delayed.length,
      delayedPerCaller: mostPerCaller(delayed),
      maxMs: latenciesOf(during).maxMs,
      outAfterMs: rounded(outAtMs - stalledAtMs),
      latenciesWithout: latenciesOf(without),
      backAfterMs: rounded(backAtMs - resumedAtMs),
    }
  } finally {
    proxy.resume()
    await pool.end()
  }
}

function lengthOf({ startedAtMs, endedAtMs }: ReadTime): number {
  return endedAtMs - startedAtMs
}

function latenciesOf(reads: readonly ReadTime[]): Latencies {
  const timings = new Timings()
  for (const read of reads) timings.record(lengthOf(read))
  return timings.latencies()
}

function mostPerCaller(reads: readonly ReadTime[]): number {
  const counts = new Map<number, number>()
  for (const { caller } of reads) counts.set(caller, (counts.get(caller) ?? 0) + 1)
  return Math.max(0, ...counts.values())
}
