import { Client } from 'pg'
import type { Cluster, ClusterNode, NodeConfig } from '../../src/test-cluster/index.ts'

/** Runs statements on a connection of its own; gives the first column of the last one's result. */
export async function column(config: NodeConfig, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ ...config, connectionTimeoutMillis: 2_000 })
  // Of a server that ends while the connection is idle, the next statement tells.
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Several statements give several results.
    const results = [await client.query<unknown[]>({ text: sql, rowMode: 'array' })].flat()
    return results.at(-1)?.rows.map((row) => row[0]) ?? []
  } finally {
    await client.end()
  }
}

export function replicaAt(cluster: Cluster, index: number): ClusterNode {
  const node = cluster.replicas[index]
  if (node === undefined) throw new RangeError(`there is no replica ${index}`)
  return node
}
