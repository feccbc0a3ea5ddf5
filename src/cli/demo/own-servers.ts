import { parse } from 'pg-connection-string'
import { withNode } from './node-connection.ts'
import type { OwnServers } from './options.ts'
import { failure } from './problems.ts'
import type { DemoNode, DemoServers } from './servers.ts'
import { dropSchema } from './setup.ts'

/** Role and identity of a server. */
interface Seen {
  readonly isReplica: boolean
  /** System identifier: all servers that stem from one `initdb` share it. */
  readonly cluster: string
}

/**
 * Checks that the user's own servers answer and have the roles in which they were given. Closing them drops `schema`.
 */
export async function openServers(
  servers: OwnServers,
  schema: string,
  signal: AbortSignal,
): Promise<DemoServers> {
  const primary = nodeOf('The primary', servers.primary)
  const replicas = servers.replicas.map((replica) => nodeOf('The replica', replica))
  const seen = await lookAt(primary, signal)
  if (seen.isReplica) {
    throw failure(`The server given as --primary, ${primary.name}, is a replica: it takes no writes`)
  }
  for (const replica of replicas) {
    const { isReplica, cluster } = await lookAt(replica, signal)
    const what = `The server given as --replica, ${replica.name}, is`
    if (cluster !== seen.cluster) throw failure(`${what} of another cluster than the primary`)
    if (!isReplica) throw failure(`${what} a primary: it follows no other server`)
  }
  return { primary, replicas, levers: undefined, close: () => dropSchema(primary, schema) }
}

function nodeOf(kind: string, connectionString: string): DemoNode {
  const { host, port } = parse(connectionString)
  const name = `${host || 'localhost'}:${port || 5432}`
  return { name, title: `${kind} ${name}`, config: { connectionString } }
}

async function lookAt(node: DemoNode, signal: AbortSignal): Promise<Seen> {
  const sql = `SELECT pg_is_in_recovery() AS "isReplica", system_identifier::text AS cluster FROM pg_control_system()`
  const { rows } = await withNode(node, (client) => client.query<Seen>(sql), signal)
  const [seen] = rows
  if (seen === undefined) throw failure(`${node.title} does not say what it is`)
  return seen
}
