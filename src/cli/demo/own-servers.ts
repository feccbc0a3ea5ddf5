import { parse } from 'pg-connection-string'
import { withConnection } from './connection.ts'
import type { OwnServers } from './options.ts'
import { failure, serverFailure } from './problems.ts'
import type { DemoNode, DemoServers } from './servers.ts'
import { dropSchema } from './setup.ts'

/**
 * Looks at the user's own servers: each must answer and be what it was given as. All that is to be removed from them in the
 * end is `schema`.
 */
export async function openServers(
  servers: OwnServers,
  schema: string,
  signal: AbortSignal,
): Promise<DemoServers> {
  const primary = nodeOf('The primary', servers.primary)
  const replicas = servers.replicas.map((replica) => nodeOf('The replica', replica))
  if (await isReplica(primary, signal)) {
    throw failure(`The server given as --primary, ${primary.name}, is a replica: it takes no writes`)
  }
  for (const replica of replicas) {
    if (!(await isReplica(replica, signal))) {
      throw failure(
        `The server given as --replica, ${replica.name}, is a primary: it follows no other server`,
      )
    }
  }
  return { primary, replicas, levers: undefined, close: () => dropSchema(primary, schema) }
}

function nodeOf(kind: string, connectionString: string): DemoNode {
  const { host, port } = parse(connectionString)
  const name = `${host || 'localhost'}:${port || 5432}`
  return { name, title: `${kind} ${name}`, config: { connectionString } }
}

async function isReplica(node: DemoNode, signal: AbortSignal): Promise<boolean> {
  try {
    return await withConnection(
      node.config,
      async (client) => {
        const { rows } = await client.query<{ replica: boolean }>('SELECT pg_is_in_recovery() AS replica')
        return rows[0]?.replica === true
      },
      signal,
    )
  } catch (error) {
    throw serverFailure(node.title, error)
  }
}
