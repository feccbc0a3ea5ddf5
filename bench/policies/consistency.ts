import { createRandom } from '../../src/cli/demo/random.ts'
import type { Consistency } from '../../src/index.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import { openLoop, type OpenLoopFigures } from '../support/open-loop.ts'
import type { Measure } from './balancers.ts'
import { openPool, sharesSince, type Ground } from './ground.ts'

const MODES: readonly Consistency[] = ['strong', 'causal', 'window', 'bounded', 'eventual']
const LAGS_MS = [1, 20, 200]
const REGISTERS = 64
const WRITES_PER_SECOND = 20

export interface ConsistencyFigures extends OpenLoopFigures {
  readonly consistency: Consistency
  readonly lagMs: number
  readonly offload: number
  /** Reads that showed less than the process had written before they were asked. */
  readonly staleReads: number
  readonly writes: number
}

/** Every promise at every lag: reads and writes of one process, outside of any session. */
export async function measureConsistency(
  ground: Ground,
  measure: Measure,
): Promise<readonly ConsistencyFigures[]> {
  const figures: ConsistencyFigures[] = []
  for (const lagMs of measure.lagsMs ?? LAGS_MS) {
    await Promise.all(ground.cluster.replicas.map((node) => applyDelay(node, lagMs)))
    for (const consistency of MODES) {
      const cell = await measureMode(ground, measure, consistency, lagMs)
      figures.push(cell)
      measure.told(
        `${consistency}, ${lagMs} ms behind: p50/p99 ${cell.p50Ms}/${cell.p99Ms} ms, ` +
          `${(100 * cell.offload).toFixed(1)} % off the primary, ${cell.staleReads} stale, ${cell.errors} errors`,
      )
    }
  }
  await Promise.all(ground.cluster.replicas.map((node) => applyDelay(node, 0)))
  await ground.cluster.caughtUp()
  return figures
}

async function measureMode(
  ground: Ground,
  measure: Measure,
  consistency: Consistency,
  lagMs: number,
): Promise<ConsistencyFigures> {
  const random = createRandom(measure.seed)
  const pool = await openPool(ground, undefined, { consistency, maxStalenessMs: 1000 })
  const acknowledged = new Map<number, number>()
  const { rows } = await pool.query({ text: 'select id, version from versions', route: 'primary' })
  for (const row of rows) acknowledged.set(row.id, row.version)
  let staleReads = 0
  let writes = 0
  let isWarm = false
  let before = pool.stats()

  const write = async (): Promise<void> => {
    const id = random.integer(1, REGISTERS)
    const sql = 'update versions set version = version + 1 where id = $1 returning version'
    const answer = await pool.query(sql, [id])
    acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, answer.rows[0].version))
    writes += 1
  }
  const read = async (): Promise<void> => {
    const id = random.integer(1, REGISTERS)
    const expected = acknowledged.get(id) ?? 0
    const answer = await pool.query('select version from versions where id = $1', [id])
    if (isWarm && answer.rows[0].version < expected) staleReads += 1
  }
  const { seconds, perSecond } = measure
  const warmUpSeconds = Math.min(1, seconds)
  const writing = openLoop({
    random: createRandom(measure.seed + 1),
    perSecond: WRITES_PER_SECOND,
    seconds: seconds + warmUpSeconds,
    once: write,
  })
  const reading = await openLoop({
    random: createRandom(measure.seed + 2),
    perSecond,
    seconds,
    warmUpSeconds,
    warm: () => {
      isWarm = true
      before = pool.stats()
    },
    once: read,
  })
  const { offload } = sharesSince(before, pool.stats())
  await writing
  await pool.end()
  return { consistency, lagMs, ...reading, offload, staleReads, writes }
}
