import { Pool, type Session } from '../../../src/index.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { brokenOf, each, limitedOptions, type Limit } from './limit.ts'
import { memoryInUse } from './memory.ts'

export interface SessionsOptions {
  readonly sessions: number
  /** Number of sessions that live at the same time. */
  readonly live: number
}

const CALLERS = 100
/** Sessions of which one sends its read, and of which one writes. The reads of the others are decided, and not sent. */
const SENDING = 25
const WRITING = 500
/** Growth behind all sessions, once caches are full. */
const MOST_GROWTH_MIB = 2
/** Heap of one session that has read, or read and written. */
const MOST_BYTES = 3_000
/** Share of the sessions that come before the first sample. */
const WARM_UP = 0.2

/** Begins and ends many sessions, each with a read, and some with a write; then has many that live. */
export async function manySessions(cluster: Cluster, { live, sessions }: SessionsOptions): Promise<Limit> {
  const pool = new Pool(limitedOptions(cluster))
  try {
    await replicasReady(pool)
    const use = async (index: number): Promise<void> => {
      const id = 1 + (index % 1000)
      const read = { text: 'select n from points where id = $1', values: [id] }
      if (index % WRITING === 0) await pool.query('update points set n = n + 1 where id = $1', [id])
      await (index % SENDING === 0 ? pool.query(read) : pool.explain(read))
    }
    const warmUp = Math.floor(sessions * WARM_UP)
    await each(warmUp, CALLERS, (index) => pool.withSession(() => use(index)))
    const before = await memoryInUse()
    const startedAtMs = performance.now()
    await each(sessions - warmUp, CALLERS, (index) => pool.withSession(() => use(index)))
    const perSecond = (sessions - warmUp) / ((performance.now() - startedAtMs) / 1000)
    const after = await memoryInUse()
    const kept: Session[] = []
    await each(live, CALLERS, (index) => {
      const session = pool.session()
      kept.push(session)
      return session.run(() => use(index))
    })
    const living = await memoryInUse()
    const bytes = ((living.heapMiB - after.heapMiB) * 1024 * 1024) / kept.length
    kept.length = 0
    const ended = await memoryInUse()
    const growths = [after.heapMiB - before.heapMiB, ended.heapMiB - before.heapMiB]
    return {
      figures: {
        sessions: `${sessions}, ${Math.round(perSecond)} a second`,
        'heap before, after, with those that live, without them': [before, after, living, ended]
          .map(({ heapMiB }) => `${heapMiB.toFixed(2)} MiB`)
          .join(', '),
        'bytes of each that lives': Math.round(bytes),
      },
      broken: brokenOf([
        ['growth by sessions in MiB', growths[0] ?? Infinity, MOST_GROWTH_MIB],
        ['growth by sessions that have lived in MiB', growths[1] ?? Infinity, MOST_GROWTH_MIB],
        ['bytes of a session', bytes, MOST_BYTES],
      ]),
    }
  } finally {
    await pool.end()
  }
}
