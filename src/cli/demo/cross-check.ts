import type { Client } from 'pg'
import type { Clock } from './clock.ts'
import { withNode } from './node-connection.ts'
import type { DemoNode } from './servers.ts'
import { SCHEMA_PREFIX } from './shop.ts'

/** The share of reads off the primary, counted independently of the pool. */
export interface CrossCheck {
  /**
   * `pg_stat_statements`: the primary's count of our own SELECTs, exact. `pg_stat_database`: commits in the primary's
   * database that are not the program's own writes. It includes the traffic of others, so it is an upper bound.
   */
  readonly method: 'pg_stat_statements' | 'pg_stat_database'
  /** SELECTs that were answered, by the program's own count. */
  readonly reads: number
  /** Number of them that ran on the primary, by the primary's count. */
  readonly readsOnPrimary: number
  /** Share of the reads that ran elsewhere, 0 to 1. */
  readonly offload: number
  /** Whether that is the pool's own figure; `null` when the method cannot tell. */
  readonly agrees: boolean | null
}

/** Counts by the program and the pool. */
export interface OwnCounts {
  readonly reads: number
  readonly commits: number
  /** Share of the reads off the primary, 0 to 1. */
  readonly offload: number
}

/** Two counts of the same run may differ by the statements that ran when a server died. */
const TOLERANCE = 0.005
const POLL_MS = 20
const LONGEST_WAIT_MS = 5_000

/**
 * Counts reads on the primary by its own statistics. Each SELECT of the demo names the demo's schema, which no other
 * statement on the server does. So this also finds reads that the pool sent to the primary without counting them.
 *
 * `pg_stat_statements` counts a statement when it ends. It merges equal statements on tables of equal names under the
 * first text. So a second demo continues the counts of the first one's schema. Only differences count, over the schemas
 * of all demos. Without it `pg_stat_database` is used. A backend reports its figures when it exits at the latest. So
 * they are read after the pool has ended and its backends are gone.
 */
export class PrimaryCount {
  readonly #primary: DemoNode
  readonly #method: CrossCheck['method']
  readonly #before: number

  private constructor(primary: DemoNode, method: CrossCheck['method'], before: number) {
    this.#primary = primary
    this.#method = method
    this.#before = before
  }

  /** Call before the load. */
  static async begin(primary: DemoNode): Promise<PrimaryCount> {
    return withNode(primary, async (client) => {
      const selects = await countSelects(client).catch(() => undefined)
      return selects === undefined
        ? new PrimaryCount(primary, 'pg_stat_database', await countCommits(client))
        : new PrimaryCount(primary, 'pg_stat_statements', selects)
    })
  }

  /** Call after the pool has ended. `applicationName` is that of the pool's connections. */
  async finish(own: OwnCounts, applicationName: string, clock: Clock): Promise<CrossCheck> {
    const readsOnPrimary = await withNode(this.#primary, async (client) => {
      if (this.#method === 'pg_stat_statements') return ((await countSelects(client)) ?? 0) - this.#before
      await untilGone(client, applicationName, clock)
      return Math.max(0, (await countCommits(client)) - this.#before - own.commits)
    })
    return compare(this.#method, readsOnPrimary, own)
  }
}

export function compare(method: CrossCheck['method'], readsOnPrimary: number, own: OwnCounts): CrossCheck {
  const { reads } = own
  const offload = reads === 0 ? 0 : Math.max(0, 1 - readsOnPrimary / reads)
  const agrees = Math.abs(offload - own.offload) <= TOLERANCE
  return {
    method,
    reads,
    readsOnPrimary,
    offload,
    agrees: agrees || method === 'pg_stat_statements' ? agrees : null,
  }
}

/** `undefined` when the extension is not in this database; throws when its library is not loaded. */
async function countSelects(client: Client): Promise<number | undefined> {
  const found = await client.query<{ name: string }>(
    `SELECT quote_ident(nspname) AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE extname = 'pg_stat_statements'`,
  )
  const where = found.rows[0]?.name
  if (where === undefined) return undefined
  // This statement itself names a demo's schema if the extension is in it.
  const { rows } = await client.query<{ calls: number }>(
    `SELECT coalesce(sum(calls), 0)::float8 AS calls FROM ${where}.pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query LIKE 'SELECT%'
       AND strpos(query, $1) > 0 AND strpos(query, 'pg_stat_statements') = 0`,
    [SCHEMA_PREFIX],
  )
  return rows[0]?.calls
}

async function countCommits(client: Client): Promise<number> {
  const { rows } = await client.query<{ commits: number }>(
    'SELECT xact_commit::float8 AS commits FROM pg_stat_database WHERE datname = current_database()',
  )
  return rows[0]?.commits ?? 0
}

async function untilGone(client: Client, applicationName: string, clock: Clock): Promise<void> {
  const deadlineMs = clock.now() + LONGEST_WAIT_MS
  const sql = 'SELECT 1 FROM pg_stat_activity WHERE application_name = $1'
  while ((await client.query(sql, [applicationName])).rows.length > 0) {
    if (clock.isOver || clock.now() > deadlineMs) return
    await clock.pause(POLL_MS)
  }
}
