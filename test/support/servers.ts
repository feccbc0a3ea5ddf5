import { Client, type ClientConfig } from 'pg'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'

/** Runs one statement on one server, past any router. */
export async function ask(
  config: ClientConfig,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client(config)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows
  } finally {
    await client.end()
  }
}

/**
 * Names of the servers on which `marker` stands in a text that some connection ran last, by the servers' own word. Put
 * the marker into the statement as a comment.
 */
export async function serversThatRan(cluster: Cluster, marker: string): Promise<string[]> {
  const nodes: ClusterNode[] = [cluster.primary, ...cluster.replicas].filter((node) => node.running)
  const sql = 'select 1 from pg_stat_activity where query like $1 and pid <> pg_backend_pid()'
  const seen = await Promise.all(nodes.map((node) => ask(node.config, sql, [`%${marker}%`])))
  return nodes.filter((_node, index) => (seen[index]?.length ?? 0) > 0).map((node) => node.name)
}

/** Waits until `holds` gives true; fails after `timeoutMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
