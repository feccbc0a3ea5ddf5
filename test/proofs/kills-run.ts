import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { itemsSchema, Readers } from './readers.ts'
import { pause, rounded, type Latencies } from './timings.ts'

export interface ChaosOptions {
  readonly callers: number
  readonly seconds: number
  /** Goes on for longer until so many replicas were killed. @defaultValue 0 */
  readonly leastKills?: number
  /** Time from one `kill -9` to the next. A replica is started again after half of it. */
  readonly everyMs: number
}

export interface ChaosFigures extends Latencies {
  readonly kills: number
  readonly reads: number
  /** Must be 0. */
  readonly failed: number
  readonly errors: Readonly<Record<string, number>>
  /** Reads that were sent once more than they were answered. */
  readonly retries: number
  /** Share of the reads that a replica answered, 0 to 1. */
  readonly offThePrimary: number
}

/** Kills each replica in turn, and starts it again, while callers read. */
export async function runChaos(cluster: Cluster, options: ChaosOptions): Promise<ChaosFigures> {
  await ask(cluster.primary.config, itemsSchema)
  await cluster.caughtUp()
  const pool = poolOver(cluster)
  try {
    await replicasReady(pool)
    const before = sent(pool.stats())
    const readers = new Readers(pool, options.callers)
    const kills = await killInTurn(cluster, options)
    await readers.stop()
    const stats = pool.stats()
    return {
      kills,
      reads: readers.timings.count,
      failed: readers.errors.total,
      errors: readers.errors.report(),
      retries: sent(stats) - before - readers.timings.count,
      offThePrimary: rounded(stats.offload, 3),
      ...readers.timings.latencies(),
    }
  } finally {
    await pool.end()
  }
}

async function killInTurn(
  cluster: Cluster,
  { seconds, leastKills = 0, everyMs }: ChaosOptions,
): Promise<number> {
  const untilMs = performance.now() + seconds * 1000
  let kills = 0
  while (performance.now() < untilMs || kills < leastKills) {
    const victim = cluster.replicas[kills % cluster.replicas.length]
    const startedAtMs = performance.now()
    await victim?.kill()
    kills += 1
    await pause(everyMs / 2)
    await victim?.start()
    await pause(Math.max(0, startedAtMs + everyMs - performance.now()))
  }
  return kills
}

function sent({ nodes }: { readonly nodes: readonly { readonly queries: number }[] }): number {
  return nodes.reduce((sum, { queries }) => sum + queries, 0)
}
