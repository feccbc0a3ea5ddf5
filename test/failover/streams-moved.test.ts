import QueryStream from 'pg-query-stream'
import Cursor from 'pg-cursor'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NodeChange, Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask, until } from '../support/servers.ts'

// Streams and cursors that have received nothing move to another node when theirs stalls or dies.

let cluster: Cluster
const open = poolsForTests(() => cluster, { probeIntervalMs: 100, probeTimeoutMs: 500 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(500))
})
afterAll(() => cluster?.stop())

const ALL = 'select id from items order by id'

async function idsOf(stream: AsyncIterable<unknown>): Promise<number[]> {
  const ids: number[] = []
  for await (const row of stream) ids.push((row as { id: number }).id)
  return ids
}

/** What the pool says of the primary. */
function changesOfPrimary(pool: Pool): NodeChange[] {
  const changes: NodeChange[] = []
  const port = String(cluster.primary.config.port)
  pool.events.on('nodeChanged', (change) => {
    if (change.node.endsWith(port)) changes.push(change)
  })
  return changes
}

test.each(['freeze', 'kill'] as const)('streams that have received nothing move: %s', async (how) => {
  const pool = await open()
  const changes = changesOfPrimary(pool)
  const clients = await Promise.all(Array.from({ length: 8 }, () => pool.connect()))
  const node = cluster.replicas[0] ?? cluster.primary
  // Half of them have a connection that waits for its first read.
  const early = clients.slice(0, 4).map((client) => client.query(new Cursor<{ id: number }>(ALL)))
  await until('they have begun', () => pool.totalCount - pool.idleCount >= 4)
  await node[how]()
  try {
    const late = clients.slice(4).map((client) => idsOf(client.query(new QueryStream(ALL))))
    const rows = await Promise.all(early.map((cursor) => cursor.read(1000)))
    for (const each of rows) expect(each.map(({ id }) => id)).toHaveLength(500)
    for (const ids of await Promise.all(late)) expect(ids).toHaveLength(500)
    await Promise.all(early.map((cursor) => cursor.close()))
  } finally {
    for (const client of clients) client.release()
    if (how === 'freeze') await node.thaw()
    else await node.start()
  }
  expect(changes).toEqual([])
})

test('moves again and again, closed meanwhile or not, and nothing is left', async () => {
  const pool = await open({ max: 4 })
  const changes = changesOfPrimary(pool)
  const ends: Promise<unknown>[] = []
  for (let round = 0; round < 6; round++) {
    const node = cluster.replicas[round % 2] ?? cluster.primary
    for (let i = 0; i < 4; i++) {
      const client = await pool.connect()
      const stream = client.query(new QueryStream(ALL, [], { batchSize: 50 }))
      if (i === 3) stream.destroy()
      else ends.push(idsOf(stream).catch((error: unknown) => error))
      client.release()
    }
    await ask(
      node.config,
      `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    )
  }
  const answers = await Promise.all(ends)
  // What had begun when its backend was ended fails; nothing is cut short in silence.
  for (const answer of answers) {
    if (Array.isArray(answer)) expect(answer).toHaveLength(500)
    else expect(answer).toBeInstanceOf(Error)
  }
  expect((await pool.query('select count(*)::int as n from items')).rows).toEqual([{ n: 500 }])
  expect(changes).toEqual([])
})
