import { Client, type ClientConfig } from 'pg'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'

/** Runs one statement on one server, past any router. */
export async function ask(
  config: ClientConfig,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client(config)
  // A server that shuts down behind its answer says so, and an error without a listener would end the process.
  client.on('error', () => {})
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

/**
 * Waits until commits on this primary wait for standbys that do not answer. The checkpointer tells the other processes so,
 * at some moment after the reload.
 */
export async function commitsWait(config: ClientConfig): Promise<void> {
  const cancel = `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and query like $1`
  await until('commits wait for standbys', async () => {
    let isDone = false
    let waited = false
    const commit = ask(config, `select pg_logical_emit_message(true, 'a commit', '')`).finally(() => {
      isDone = true
    })
    while (!isDone) if ((await ask(config, cancel, ['%a commit%'])).length > 0) waited = true
    await commit
    return waited
  })
}
