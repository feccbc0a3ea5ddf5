import type { Client } from 'pg'
import { queryOverPassingConnection } from './monitoring/passing-connection.ts'
import type { NodeSet } from './nodes/node-set.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Asks the primary about the database, over a connection of its own. */
export async function askPrimary(
  cluster: WatchedCluster,
  nodes: NodeSet,
  ClientClass: typeof Client,
  timeoutMs: number,
  sql: string,
): Promise<readonly unknown[]> {
  const primary = cluster.primary()
  const config = primary === undefined ? undefined : nodes.configOf(primary.id)
  if (config === undefined) throw cluster.unavailable()
  return queryOverPassingConnection(config.options, ClientClass, timeoutMs, sql)
}
