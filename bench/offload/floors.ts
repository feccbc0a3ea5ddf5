import { pause, rounded } from '../../test/proofs/timings.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { SentStatements } from '../support/sent-statements.ts'

export interface FloorFigures {
  readonly writesPerSecond: number
  readonly writes: number
  /** Questions for a position that the primary was asked beyond those that it is asked without any write. */
  readonly floorQueries: number
  readonly perWrite: number
}

/**
 * Counts the queries for positions on connections to the primary during writes at a given rate, with reads in between.
 */
export async function floorsPerWrite(
  cluster: Cluster,
  writesPerSecond: number,
  durationMs: number,
): Promise<FloorFigures> {
  using asked = new SentStatements(cluster.primary.config.port, (text) => text.includes('wal_flush_lsn'))
  const pool = poolOver(cluster)
  try {
    await replicasReady(pool)
    const read = (): Promise<unknown> => pool.query('select version from registers where id = 1')
    const askedDuring = async (write: (elapsedMs: number) => void): Promise<number> => {
      const before = asked.count
      const startedAtMs = performance.now()
      for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startedAtMs) {
        write(elapsedMs)
        await Promise.all([read(), pause(5)])
      }
      return asked.count - before
    }
    const idle = await askedDuring(() => {})
    const writes: Promise<unknown>[] = []
    const busy = await askedDuring((elapsedMs) => {
      const due = Math.floor((elapsedMs * writesPerSecond) / 1000) + 1
      while (writes.length < due) {
        const register = 1 + (writes.length % 64)
        writes.push(
          pool.query('update registers set version = version + 1 where id = $1 returning version', [
            register,
          ]),
        )
      }
    })
    await Promise.all(writes)
    const floorQueries = Math.max(0, busy - idle)
    return {
      writesPerSecond,
      writes: writes.length,
      floorQueries,
      perWrite: rounded(floorQueries / writes.length, 3),
    }
  } finally {
    await pool.end()
  }
}
