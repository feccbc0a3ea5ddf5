import type { Client } from 'pg'
import { Pool } from '../../../src/index.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { brokenOf, each, limitedOptions, type Limit } from './limit.ts'
import { memoryInUse, type Memory } from './memory.ts'

export interface StatementsOptions {
  readonly statements: number
  /** More options of the pool. */
  readonly options?: { readonly statementCacheBytes?: number }
}

const CALLERS = 64
/** Statements of which one is sent. The others are parsed, judged and decided, and not sent. */
const SENDING = 25
/** Times that each of some texts runs, more often than `prepare.after`; their number, and how many may be prepared. */
const REPEATS = 8
const TEXTS = 200
const PREPARED_MOST = 5
/** Growth behind the warm-up. */
const MOST_HEAP_MIB = 4
const MOST_EXTERNAL_MIB = 1
/** Share of the statements that come before the first sample. */
const WARM_UP = 0.3

/** A text that differs from all others: in a constant, a name, its shape, or a comment. */
function textOf(index: number): string {
  switch (index % 4) {
    case 0:
      return `select n from points where id = ${index}`
    case 1:
      return `select n as column_${index} from points where id = 1`
    case 2:
      return `select p${index}.n from points p${index} where p${index}.id = 1 + 0 limit 1`
    default:
      return `/* caller ${index} */ select count(*) from points where id < 3`
  }
}

/** Runs many different statements, and some often enough to be prepared. */
export async function manyStatements(
  cluster: Cluster,
  { options = {}, statements }: StatementsOptions,
): Promise<Limit> {
  const connections: Client[] = []
  const pool = new Pool({ ...limitedOptions(cluster), prepare: { max: PREPARED_MOST }, ...options })
  pool.on('connect', (client) => void connections.push(client as unknown as Client))
  try {
    await replicasReady(pool)
    const warmUp = Math.floor(statements * WARM_UP)
    const use = (index: number): Promise<unknown> =>
      index % SENDING === 0 ? pool.query(textOf(index)) : pool.explain(textOf(index))
    await each(warmUp, CALLERS, use)
    await repeat(pool)
    const before = await memoryInUse()
    const startedAtMs = performance.now()
    await each(statements - warmUp, CALLERS, (index) => use(warmUp + index))
    const perSecond = (statements - warmUp) / ((performance.now() - startedAtMs) / 1000)
    await repeat(pool)
    const after = await memoryInUse()
    const prepared = await preparedOn(connections)
    const growth = (of: keyof Memory): number => after[of] - before[of]
    return {
      figures: {
        statements: `${statements}, ${Math.round(perSecond)} a second`,
        'heap before, after': `${before.heapMiB.toFixed(2)}, ${after.heapMiB.toFixed(2)} MiB`,
        'buffers and WebAssembly before, after': `${before.externalMiB.toFixed(2)}, ${after.externalMiB.toFixed(2)} MiB`,
        'prepared statements of a connection': prepared.join(', '),
      },
      broken: brokenOf([
        ['growth of the heap in MiB', growth('heapMiB'), MOST_HEAP_MIB],
        ['growth of buffers and WebAssembly in MiB', growth('externalMiB'), MOST_EXTERNAL_MIB],
        ['prepared statements of a connection', Math.max(...prepared), PREPARED_MOST],
        // Otherwise the bound shows nothing.
        ['connections without any prepared statement', prepared.some((count) => count > 0) ? 0 : 1, 0],
      ]),
    }
  } finally {
    await pool.end()
  }
}

/** Runs more texts than may be prepared, each often enough. */
async function repeat(pool: Pool): Promise<void> {
  for (let text = 0; text < TEXTS; text += 1) {
    const sql = `select n + ${text} as n from points where id = $1`
    await each(REPEATS, 1, (index) => pool.query(sql, [1 + index]))
  }
}

/** Number of prepared statements of each connection that is open, by the word of its server. */
async function preparedOn(connections: readonly Client[]): Promise<readonly number[]> {
  const counts: number[] = []
  for (const client of connections) {
    const answer = await client
      .query<{ n: number }>('select count(*)::int as n from pg_prepared_statements')
      .catch(() => undefined)
    if (answer?.rows[0] !== undefined) counts.push(answer.rows[0].n)
  }
  return counts
}
