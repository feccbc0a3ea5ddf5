import { outcomeOf, Pool } from '../../src/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { itemsSchema, Readers } from './readers.ts'
import { pause, rounded } from './timings.ts'

export interface OutageOptions {
  readonly callers: number
  /** How long there is no primary. */
  readonly outageMs: number
  readonly failoverTimeoutMs: number
}

export interface OutageFigures {
  readonly reads: number
  /** Must be 0. */
  readonly failedReads: number
  readonly readErrors: Readonly<Record<string, number>>
  /** Reads that were answered while there was no primary. Must not be 0. */
  readonly readsWithoutPrimary: number
  readonly writes: number
  /** Writes that were refused while there was no primary, by code and outcome, and the longest wait before that. */
  readonly refused: Readonly<Record<string, number>>
  readonly longestRefusalMs: number
  /** From the primary's return until a write was acknowledged. */
  readonly writesAgainAfterMs: number
}

/** The primary dies and stays away for a while. Nobody is promoted. */
export async function runOutage(options: OutageOptions): Promise<OutageFigures> {
  const { callers, failoverTimeoutMs, outageMs } = options
  await using cluster = await startCluster({ replicas: 2 })
  await ask(cluster.primary.config, `${itemsSchema}; create table ledger (n serial primary key)`)
  await cluster.caughtUp()
  const replicas = cluster.replicas.map(({ config }) => config)
  const open = (): Pool => new Pool({ ...cluster.primary.config, replicas, failoverTimeoutMs, logger: false })
  // Whoever writes waits for the primary with what it reads as well, if the last of its writes may be lost.
  const [reading, writing] = [open(), open()]
  try {
    await Promise.all([reading, writing].map((pool) => replicasReady(pool)))
    let readsWithoutPrimary = 0
    let [outSinceMs, backAtMs] = [Infinity, Infinity]
    const readers = new Readers(reading, callers, ({ startedAtMs, endedAtMs }) => {
      if (startedAtMs > outSinceMs && endedAtMs < backAtMs) readsWithoutPrimary += 1
    })
    const refused: Record<string, number> = {}
    let [writes, longestRefusalMs, writesAgainAtMs, isOver] = [0, 0, Infinity, false]
    const write = async (): Promise<void> => {
      while (!isOver) {
        const startedAtMs = performance.now()
        await writing.query('insert into ledger default values').then(
          () => {
            writes += 1
            if (performance.now() > backAtMs) writesAgainAtMs = Math.min(writesAgainAtMs, performance.now())
          },
          (error: unknown) => {
            const code = String(Reflect.get(error as object, 'code') ?? (error as Error).message)
            const text = `${code} ${outcomeOf(error) ?? ''}`
            refused[text] = (refused[text] ?? 0) + 1
            longestRefusalMs = Math.max(longestRefusalMs, performance.now() - startedAtMs)
          },
        )
      }
    }
    const writers = Promise.all(Array.from({ length: 4 }, write))
    await pause(1_000)
    await cluster.primary.kill()
    outSinceMs = performance.now()
    await pause(outageMs)
    await cluster.primary.start()
    backAtMs = performance.now()
    await pause(2_000)
    isOver = true
    await Promise.all([writers, readers.stop()])
    return {
      reads: readers.timings.count,
      failedReads: readers.errors.total,
      readErrors: readers.errors.report(),
      readsWithoutPrimary,
      writes,
      refused,
      longestRefusalMs: rounded(longestRefusalMs),
      writesAgainAfterMs: rounded(writesAgainAtMs - backAtMs),
    }
  } finally {
    await Promise.all([reading.end(), writing.end()])
  }
}
