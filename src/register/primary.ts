import type { Client as PgClient, PoolConfig } from 'pg'
import { splitHosts } from '../config/connection-string.ts'
import { Client } from '../platform/pg.ts'

/** Target of a pool: its options and the `PG…` variables of the environment as node-postgres resolves them. */
export interface Target {
  /** `host:port` of each server; several if a connection string names several hosts. */
  readonly servers: readonly string[]
  readonly database: string | undefined
  readonly user: string | undefined
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]'])

export function targetOf({ host, port, user, database, connectionString }: PoolConfig): Target {
  const strings = connectionString ? splitHosts(connectionString) : [undefined]
  // Creating a client only resolves its options; it does not connect.
  const clients = strings.map(
    (each) => new Client({ host, port, user, database, ...(each ? { connectionString: each } : {}) }),
  )
  const [first] = clients
  return {
    servers: clients.map((client: PgClient) => serverAt(client.host, client.port)),
    database: first?.database,
    user: first?.user,
  }
}

/** Whether a pool with this target uses the database that the replicas follow. */
export function isSameDatabase(pool: Target, primary: Target): boolean {
  return (
    pool.database === primary.database && pool.servers.every((server) => primary.servers.includes(server))
  )
}

/** Returns the name of a server as in `Target.servers`. */
export function serverAt(host: string, port: number): string {
  const name = host.toLowerCase()
  return `${LOOPBACK.has(name) ? 'localhost' : name}:${port}`
}
