import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { ask } from '../support/servers.ts'
import type { TransactionMove } from '../support/transactions.ts'
import { CONTENTS, NEVER_COMMITTED, PROGRAMS, ROWS, type Anomaly, type Row, type State } from './programs.ts'

export interface IsolationRunOptions {
  readonly transactions: number
  readonly callers: number
  /** Bounds of the replicas' replay delay, which changes all the time, in milliseconds. */
  readonly lagMs: readonly [least: number, most: number]
  /** `outside`: reads run before the transaction, as if nothing were compared. @defaultValue 'inside' */
  readonly reads?: 'inside' | 'outside'
}

export interface IsolationRunFigures {
  readonly transactions: number
  readonly committed: number
  /** Transactions that began on a replica and continued on the primary. */
  readonly moved: number
  /** Transactions that began on a replica and could not continue. */
  readonly restarted: number
  readonly anomalies: Readonly<Partial<Record<Anomaly, number>>>
  readonly unexpectedErrors: readonly string[]
  readonly seconds: number
}

/** How often the replicas' delay changes, in milliseconds. */
const LAG_CHANGES_MS = 500

/** Runs optimistic transactions and counts the anomalies that their isolation levels rule out. */
export async function runIsolation(
  pool: Pool,
  cluster: Cluster,
  { callers, lagMs, reads = 'inside', transactions }: IsolationRunOptions,
): Promise<IsolationRunFigures> {
  await ask(cluster.primary.config, CONTENTS)
  await cluster.caughtUp()
  const startedAt = performance.now()
  const anomalies: Partial<Record<Anomaly, number>> = {}
  const found = (anomaly: Anomaly, times = 1): void => {
    if (times > 0) anomalies[anomaly] = (anomalies[anomaly] ?? 0) + times
  }
  const errors = new Set<string>()
  const state: State = { increments: Array(ROWS).fill(0), versions: Array(ROWS).fill(0) }
  const below = (limit: number): number => Math.floor(Math.random() * limit)
  let begun = 0
  let committed = 0
  let attempts = 0
  let moved = 0
  const count = ({ reason }: TransactionMove): void => {
    if (reason === 'statement') moved += 1
  }
  pool.events.on('transactionMoved', count)

  const transact = async (number: number): Promise<void> => {
    const program = PROGRAMS[number % PROGRAMS.length]
    if (program === undefined) return
    const mark = `mark_${number}`
    const options = { optimistic: true, isolation: program.isolation, retries: 100 } as const
    const work = async (client: PoolClient): Promise<((state: State) => void) | undefined> => {
      attempts += 1
      const read = async (text: string, values: readonly unknown[]): Promise<readonly Row[]> => {
        const query = reads === 'inside' ? client.query.bind(client) : pool.query.bind(pool)
        return (await query<Row>(text, [...values])).rows
      }
      return program.run({ below, client, committed: [...state.versions], found, mark, read })
    }
    // Each has a session of its own, as a request has, so that another one's writes do not bring it to the primary.
    const consequence = await pool.withSession(() => pool.transaction(work, options))
    consequence?.(state)
    committed += 1
  }
  const caller = async (): Promise<void> => {
    while (begun < transactions) {
      const number = begun++
      await (number % 20 === 19 ? rollBack(pool, 1 + below(2)) : transact(number)).catch((error: unknown) =>
        errors.add(String(error)),
      )
    }
  }
  const ended = new AbortController()
  const lagging = changeLag(cluster, lagMs, ended.signal)
  await Promise.all(Array.from({ length: callers }, caller))
  ended.abort()
  await lagging
  pool.events.off('transactionMoved', count)

  const rowsOf = (sql: string): Promise<Record<string, unknown>[]> => ask(cluster.primary.config, sql)
  const counters = await rowsOf('select n from counters order by id')
  for (const [index, { n }] of counters.entries()) {
    found('lost update', (state.increments[index] ?? 0) - Number(n))
  }
  const [sum] = await rowsOf('select sum(balance)::int as total from accounts')
  if (sum?.['total'] !== 100 * ROWS) found('money created or lost')
  const shifts = await rowsOf('select 1 from doctors group by shift having not bool_or(is_on_call)')
  found('write skew', shifts.length)
  return {
    transactions: begun,
    committed,
    moved,
    restarted: attempts - committed,
    anomalies,
    unexpectedErrors: [...errors],
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  }
}

/** A write that is never committed. */
async function rollBack(pool: Pool, id: number): Promise<void> {
  const given = new Error('rolled back on purpose')
  const run = pool.transaction(async (client) => {
    await client.query(`update registers set version = version + ${NEVER_COMMITTED} where id = $1`, [id])
    throw given
  })
  await run.catch((error: unknown) => {
    if (error !== given) throw error
  })
}

async function changeLag(
  cluster: Cluster,
  [least, most]: IsolationRunOptions['lagMs'],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const replica of cluster.replicas) await applyDelay(replica, least + Math.random() * (most - least))
    await sleep(LAG_CHANGES_MS, undefined, { signal }).catch(() => undefined)
  }
  for (const replica of cluster.replicas) await applyDelay(replica, 0)
}
