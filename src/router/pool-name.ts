import type { PoolConfig } from 'pg'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { parseConnectionString } from '../config/connection-string.ts'

/** Name of a pool in events: the address of its first node and the database, `host:port/database`. */
export function poolName(options: Pick<ResolvedOptions, 'nodes' | 'pgOptions'>): string {
  const node = options.nodes[0]?.id ?? ''
  const database = databaseOf(options)
  return database === undefined ? node : `${node}/${database}`
}

/** Returns the database's name; `undefined` where the options leave it to node-postgres. */
export function databaseOf({
  nodes,
  pgOptions,
}: Pick<ResolvedOptions, 'nodes' | 'pgOptions'>): string | undefined {
  const { connectionString, database } = nodes[0]?.options ?? pgOptions
  if (!connectionString) return database
  return parseConnectionString('connectionString', connectionString).database ?? database
}

interface Reached {
  readonly address?: string
  readonly port?: number
}

/** Called for each statement while there are listeners; the options of a node do not change its address. */
const known = new WeakMap<PoolConfig, Reached>()

/** Returns where a node is reached, as far as its options say. */
export function addressOf(options: PoolConfig = {}): Reached {
  let reached = known.get(options)
  if (reached === undefined) {
    const { connectionString } = options
    const said = connectionString ? parseConnectionString('connectionString', connectionString) : {}
    const { host, port } = { host: options.host, port: options.port, ...said }
    reached = {
      ...(host === undefined ? {} : { address: host }),
      ...(port === undefined ? {} : { port }),
    }
    known.set(options, reached)
  }
  return reached
}
