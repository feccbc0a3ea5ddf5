import type { Client as PgClient, PoolConfig } from 'pg'
import { splitHosts } from '../config/connection-string.ts'
import { Client } from '../platform/pg.ts'

/** Where a pool goes, as node-postgres understands its options and the environment's `PG…` variables. */
export interface Target {
  /** `host:port` of each; more than one where a connection string names several. */
  readonly servers: readonly string[]
  readonly database: string | undefined
  readonly user: string | undefined
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]'])

export function targetOf({ host, port, user, database, connectionString }: PoolConfig): Target {
  const strings = connectionString ? splitHosts(connectionString) : [undefined]
  // A client that is made and not connected has done nothing but read its options.
  const clients = strings.map(
    (each) => new Client({ host, port, user, database, ...(each ? { connectionString: each } : {}) }),
  )
  const [first] = clients
  return { servers: clients.map(serverOf), database: first?.database, user: first?.user }
}

/** Whether a pool with that target reads and writes the database that the replicas are replicas of. */
export function isSameDatabase(pool: Target, primary: Target): boolean {
  return (
    pool.database === primary.database && pool.servers.every((server) => primary.servers.includes(server))
  )
}

function serverOf({ host, port }: PgClient): string {
  const name = host.toLowerCase()
  return `${LOOPBACK.has(name) ? 'localhost' : name}:${port}`
}
