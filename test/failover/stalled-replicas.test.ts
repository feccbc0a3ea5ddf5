import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask, until } from '../support/servers.ts'

// Replicas that look alive to the kernel and answer nothing: every read ends, within the time of a probe and a failover.

let cluster: Cluster
const open = poolsForTests(() => cluster, {
  probeIntervalMs: 100,
  probeTimeoutMs: 500,
  failoverTimeoutMs: 3_000,
})

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(50))
})
afterAll(() => cluster?.stop())

const DEADLINE_MS = 6_000

/** How many of these have not come to an end by the deadline. */
async function unfinished(work: readonly Promise<unknown>[]): Promise<number> {
  let left = work.length
  for (const each of work) {
    const end = (): void => void (left -= 1)
    each.then(end, end)
  }
  const deadline = Date.now() + DEADLINE_MS
  while (left > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  return left
}

const COUNT = 'select count(*)::int as n from items'

const readsOfPool = (pool: Pool): Promise<unknown>[] => Array.from({ length: 30 }, () => pool.query(COUNT))

type Prepare = (client: PoolClient) => Promise<unknown>
const readsOfClients =
  (count: number, prepare: Prepare, text: readonly string[]) =>
  async (pool: Pool): Promise<() => Promise<unknown>[]> => {
    const clients = await Promise.all(Array.from({ length: count }, () => pool.connect()))
    for (const client of clients) await prepare(client)
    return () =>
      clients.map(async (client) => {
        try {
          for (const sql of text) await client.query(sql)
        } finally {
          client.release()
        }
      })
  }

test.each<[string, (pool: Pool) => Promise<() => Promise<unknown>[]>]>([
  ['of the pool', async (pool) => () => readsOfPool(pool)],
  ['of clients', readsOfClients(30, async () => {}, [COUNT])],
  // Each of these keeps a connection to the primary.
  ['of clients with settings', readsOfClients(8, (client) => client.query(`set timezone = 'UTC'`), [COUNT])],
  ['in read-only transactions', readsOfClients(30, async () => {}, ['begin read only', COUNT, 'commit'])],
])('with both replicas stalled, all reads %s end', async (_name, prepare) => {
  const pool = await open()
  const start = await prepare(pool)
  await Promise.all(readsOfPool(pool))
  for (const node of cluster.replicas) await node.freeze()
  try {
    const first = start()
    // Others come while the replicas are found out, and when that is done.
    const more: Promise<unknown>[] = []
    await until('the replicas are down', () => {
      if (more.length < 30) more.push(pool.query(COUNT))
      return pool
        .stats()
        .nodes.slice(1)
        .every(({ state }) => state === 'down')
    })
    more.push(...readsOfPool(pool))
    expect(await unfinished([...first, ...more])).toBe(0)
    // Those that had not begun are answered by the primary.
    for (const answer of await Promise.allSettled(more)) expect(answer.status).toBe('fulfilled')
  } finally {
    for (const node of cluster.replicas) await node.thaw()
  }
})

test('a slow read moves past a replica that went down after it was planned', async () => {
  const pool = await open()
  const [first, second] = cluster.replicas as readonly [ClusterNode, ClusterNode]
  const nodeOf = async (): Promise<ClusterNode | undefined> => {
    for (const node of [first, second]) {
      const rows = await ask(
        node.config,
        `select 1 from pg_stat_activity where query like 'select%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`,
      )
      if (rows.length > 0) return node
    }
    return undefined
  }
  const slow = pool.query('select pg_sleep(3)')
  let busy: ClusterNode | undefined
  await until('it runs', async () => (busy = await nodeOf()) !== undefined)
  const other = busy === first ? second : first
  await other.freeze()
  try {
    await until('the other one is down', () =>
      pool.stats().nodes.some(({ id, state }) => id.endsWith(String(other.config.port)) && state === 'down'),
    )
    await busy?.kill()
    expect(await unfinished([slow])).toBe(0)
    await expect(slow).resolves.toMatchObject({ rowCount: 1 })
  } finally {
    await other.thaw()
    await busy?.start()
  }
})
