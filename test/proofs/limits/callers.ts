import { Pool } from '../../../src/index.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { Timings } from '../timings.ts'
import { brokenOf, limitedOptions, watchConnections, type Limit } from './limit.ts'

export interface CallersOptions {
  readonly callers: number
  /** Maximum number of connections to each server. */
  readonly connections: number
}

/** Callers that may be served before one that came earlier, as a share of all. */
const MOST_OVERTAKEN = 0.1
/** The longest wait in relation to the time of all. */
const LONGEST_SHARE = 1.05

/** How callers of one kind were served, all of which came at the same time. */
interface Served {
  readonly timings: Timings
  readonly failed: number
  readonly seconds: number
  /** Time of the processor in this process. */
  readonly cpuSeconds: number
  /** The most callers that were served before one that came earlier. */
  readonly overtaken: number
}

/** Lets many callers come at once, who read, write, and take a client. */
export async function manyCallers(
  cluster: Cluster,
  { callers, connections }: CallersOptions,
): Promise<Limit> {
  const pool = new Pool({ ...limitedOptions(cluster), max: connections })
  try {
    await replicasReady(pool)
    const watch = await watchConnections(cluster)
    const kinds = {
      reads: (index: number) => pool.query('select n from points where id = $1', [1 + (index % 1000)]),
      writes: (index: number) =>
        pool.query('update points set n = n + 1 where id = $1', [1 + (index % 1000)]),
      clients: async (index: number) => {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query('update points set n = n + 1 where id = $1', [1 + (index % 1000)])
          await client.query('commit')
        } finally {
          client.release()
        }
      },
      sessions: (index: number) =>
        pool.withSession(async () => {
          await pool.query('update points set n = n + 1 where id = $1', [1 + (index % 1000)])
          await pool.query('select n from points where id = $1', [1 + (index % 1000)])
        }),
    }
    const figures: Record<string, number | string> = {}
    const bounds: [string, number, number][] = []
    for (const [kind, run] of Object.entries(kinds)) {
      const { cpuSeconds, failed, overtaken, seconds, timings } = await serve(callers, run)
      const { maxMs, p50Ms, p99Ms } = timings.latencies()
      figures[kind] =
        `${callers} in ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of CPU); waited p50 ${p50Ms}, p99 ${p99Ms}, most ${maxMs} ms; overtaken by ${overtaken}`
      bounds.push(
        [`${kind} that failed`, failed, 0],
        // The second statement of a session queues up behind the first ones of all others.
        [
          `${kind} that were overtaken`,
          kind === 'sessions' ? 0 : overtaken,
          connections + MOST_OVERTAKEN * callers,
        ],
        [`longest wait of ${kind} in seconds`, maxMs / 1000, LONGEST_SHARE * seconds],
      )
    }
    const most = await watch.stop()
    figures['most connections to a server'] = most.join(', ')
    bounds.push(['connections to a server', Math.max(...most), connections])
    return { figures, broken: brokenOf(bounds) }
  } finally {
    await pool.end()
  }
}

async function serve(callers: number, run: (index: number) => Promise<unknown>): Promise<Served> {
  const timings = new Timings()
  const order: number[] = []
  let failed = 0
  const [startedAtMs, cpuBefore] = [performance.now(), process.cpuUsage()]
  const call = async (index: number): Promise<void> => {
    try {
      await run(index)
    } catch {
      failed += 1
    }
    order.push(index)
    timings.record(performance.now() - startedAtMs)
  }
  await Promise.all(Array.from({ length: callers }, (_, index) => call(index)))
  const overtaken = Math.max(...order.map((index, place) => place - index))
  const { system, user } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - startedAtMs) / 1000
  return { timings, failed, seconds, cpuSeconds: (system + user) / 1_000_000, overtaken }
}
