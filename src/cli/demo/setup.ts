import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'
import { withNode } from './node-connection.ts'
import { failure } from './problems.ts'
import type { DemoNode, DemoServers } from './servers.ts'
import { creationStatements, SCHEMA_PREFIX, vacuumStatements } from './shop.ts'

const CATCH_UP_MS = 60_000
const POLL_MS = 20

/** Returns a unique schema name that needs no quotes. PostgreSQL reserves `pg_…`. */
export function schemaName(): string {
  return `${SCHEMA_PREFIX}${randomBytes(6).toString('hex')}`
}

/** Creates and fills the shop in one transaction. */
export async function createShop(primary: DemoNode, schema: string, signal: AbortSignal): Promise<void> {
  await withNode(
    primary,
    async (client) => {
      // The commit is flushed when it returns: only flushed WAL reaches replicas.
      await client.query('SET synchronous_commit = on')
      await client.query('BEGIN')
      for (const statement of creationStatements(schema)) await client.query(statement)
      await client.query('COMMIT')
      for (const statement of vacuumStatements(schema)) await client.query(statement)
      // For the cross-check. The extension is dropped with the schema.
      await client.query(`CREATE EXTENSION pg_stat_statements SCHEMA ${schema}`).catch(() => undefined)
    },
    signal,
  )
}

/**
 * Drops the shop. `schema` is also the application name of the pool's connections; a remaining one could hold a lock.
 */
export async function dropSchema(primary: DemoNode, schema: string): Promise<void> {
  try {
    await withNode(primary, async (client) => {
      const terminate = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1'
      await client.query(terminate, [schema])
      await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
    })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw failure(`${message}. To remove the rest: DROP SCHEMA ${schema} CASCADE`, error)
  }
}

/** Resolves when every replica shows everything that the primary has committed. */
export async function untilCaughtUp(
  { primary, replicas }: DemoServers,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const floor = await withNode(
    primary,
    async (client) => {
      const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
      return rows[0]?.lsn
    },
    signal,
  )
  await Promise.all(replicas.map((replica) => untilReplayed(replica, floor, clock, signal)))
}

async function untilReplayed(
  replica: DemoNode,
  floor: string | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = clock.now() + CATCH_UP_MS
  await withNode(
    replica,
    async (client) => {
      for (;;) {
        signal.throwIfAborted()
        const { rows } = await client.query<{ reached: boolean }>(
          'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS reached',
          [floor],
        )
        if (rows[0]?.reached === true) return
        if (clock.now() > deadlineMs) {
          const seconds = CATCH_UP_MS / 1000
          throw failure(`${replica.title} did not get what the primary wrote within ${seconds} s`)
        }
        await clock.pause(POLL_MS)
      }
    },
    signal,
  )
}
