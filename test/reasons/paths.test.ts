import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Balancer, Pool, PoolOptions, QueryExecution } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { Pooler } from '../support/pooler.ts'
import { poolOver, replicasReady, WAITING } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { withClient } from '../support/transactions.ts'
import { actUntil, Produced } from './produced.ts'
import { alterSystem } from '../support/settings.ts'

const READ = 'select label from items where id = 1'
const WRITE = 'update items set label = label where id = 1'
const SLOW = 'select pg_sleep(0.05)::text from items where id = 1'

let cluster: Cluster
let way: TcpProxy
const open = poolsForTests(() => cluster, { probeIntervalMs: 50 })
const produced = Produced.inTests()
const inOrder: PoolOptions = { balancer: { order: (nodes) => nodes } }

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 2, settings: { hot_standby_feedback: false, max_standby_streaming_delay: '20ms' } },
    itemsTable(50),
    'create table divisors (id int primary key, n int); insert into divisors values (1, 0)',
    'create table altered as select generate_series(1, 50) as id',
    `create sequence numbers; create function ticket() returns bigint immutable language plpgsql as
       $$ declare ticket bigint; begin execute 'select next' || 'val(''num' || 'bers'')' into ticket; return ticket; end $$`,
  )
  way = await startProxy(addressOf(cluster.primary))
})

afterAll(async () => {
  await way?.close()
  await cluster?.stop()
})

function addressOf(node: ClusterNode | undefined): { host: string; port: number } {
  const { host = '', port = 0 } = node?.config ?? {}
  return { host, port }
}

function replicaAt(index: number): ClusterNode {
  const node = cluster.replicas[index]
  if (node === undefined) throw new Error(`There is no replica ${index}`)
  return node
}

async function paused(fn: () => Promise<unknown>): Promise<void> {
  await Promise.all(cluster.replicas.map((node) => node.pauseReplay()))
  try {
    await fn()
  } finally {
    await Promise.all(cluster.replicas.map((node) => node.resumeReplay()))
    await cluster.caughtUp()
  }
}

/** A pool whose replicas get nothing, so that reads go to the primary. */
function withoutReplicas(options: PoolOptions): Promise<Pool> {
  const replicas = cluster.replicas.map((node) => ({ ...addressOf(node), weight: 0 }))
  const pool = poolOver(cluster, { replicas, ...options })
  return replicasReady(pool, 0).then(() => pool)
}

test('waits of a first statement, and of one that shows a table that was just made', async () => {
  const pool = poolOver(cluster)
  await pool.query(READ)
  for (const reason of ['first-look', 'connection']) expect(produced.has('Waits', reason)).toBe(true)
  let tables = 0
  await actUntil(produced, 'Waits', 'catalog', async () => {
    tables += 1
    await pool.query(`create table made_${tables} (id int)`)
    await pool.query(`select id from made_${tables}`)
  })
  await pool.end()
})

test('waits for the position of a token, and for a replica that shows it', async () => {
  const writer = await open()
  const pool = await open({ ...way.config, ...WAITING })
  way.delay(5)
  await actUntil(produced, 'Waits', 'position', async () => {
    const token = await writer.withSession(async (session) => {
      await writer.query(WRITE)
      return session.token()
    })
    await pool.withSession({ token }, () => pool.query(READ))
  })
  way.delay(0)
  let read: Promise<unknown> | undefined
  await paused(async () => {
    await pool.query(WRITE)
    read = pool.query(READ)
  })
  await read
  expect(produced.has('Waits', 'catch-up')).toBe(true)
})

test('waits for another replica', async () => {
  const byChance: Balancer = {
    order: (nodes) => (Math.random() < 0.5 ? nodes : nodes.toReversed()),
  }
  // On a slow network it is seen that the replicas are asked what they show.
  const ways = await Promise.all(cluster.replicas.map((node) => startProxy(addressOf(node))))
  const pool = await open({ balancer: byChance, replicas: ways.map(({ config }) => config) })
  for (const each of ways) each.delay(2)
  await pool.withSession(() =>
    actUntil(produced, 'Waits', 'replica-change', async () => {
      await ask(cluster.primary.config, WRITE)
      for (let n = 0; n < 10; n += 1) await pool.query(READ)
    }),
  )
  await Promise.all(ways.map((each) => each.close()))
  expect(produced.has('Waits', 'replica-change')).toBe(true)
})

test('waits for a primary, a slot on it, and a permit', async () => {
  const pool = await open({ ...way.config, tiers: { batch: { share: 0.1 } }, max: 10 })
  const batch = { text: SLOW, tier: 'batch' }
  await Promise.all(Array.from({ length: 6 }, () => pool.query(batch)))
  expect(produced.has('Waits', 'permit')).toBe(true)

  await way.cut()
  await until('that is known', () => pool.stats().nodes[0]?.state === 'down')
  const write = pool.query(WRITE)
  await way.restore()
  await write
  expect(produced.has('Waits', 'candidate')).toBe(true)

  const spilling = await withoutReplicas({ primarySpill: { share: 0.1 }, lanes: false })
  await Promise.all(Array.from({ length: 4 }, () => spilling.query(SLOW)))
  await spilling.end()
  expect(produced.has('Waits', 'spill-slot')).toBe(true)
  expect(produced.has('Spills', 'fallback')).toBe(true)
})

test('a read on the primary, because that answers sooner', async () => {
  const pool = await open()
  // It is known after a while that replicas take long.
  await actUntil(produced, 'Spills', 'sooner', () =>
    paused(async () => {
      await pool.query(WRITE)
      await pool.query(READ)
    }),
  )
  expect(produced.has('Spills', 'sooner')).toBe(true)
})

let tries = 0

test('retries after a lost connection, and after a conflict with replay', async () => {
  const pool = await open()
  // A read may end before it is hurt, and then there is another one, with a mark of its own.
  const during = async (
    sql: string,
    hurt: (node: ClusterNode, mark: string) => Promise<unknown>,
  ): Promise<void> => {
    const mark = `hurt ${++tries};`
    const read = pool.query(`${sql} /* ${mark} */`)
    const running = `select pid from pg_stat_activity where query like '%${mark}%' and wait_event = 'PgSleep'`
    let found: ClusterNode | undefined
    let isOver = false
    const ended = read.finally(() => (isOver = true))
    ended.catch(() => {})
    await until('it runs', async () => {
      for (const node of cluster.replicas) if ((await ask(node.config, running)).length > 0) found = node
      return found !== undefined || isOver
    })
    if (found !== undefined) await hurt(found, mark)
    await ended
  }
  await actUntil(produced, 'Retries', 'node', () =>
    during('select pg_sleep(1)::text from items where id = 2', (node, mark) =>
      ask(
        node.config,
        `select pg_terminate_backend(pid) from pg_stat_activity where query like '%${mark}%' and pid <> pg_backend_pid()`,
      ),
    ),
  )
  await actUntil(produced, 'Retries', 'recovery-conflict', () =>
    during('select max(pg_sleep(0.02)::text) from altered', () =>
      ask(cluster.primary.config, `alter table altered add extra_${tries} int`),
    ),
  )
})

test('retries where a replica has no connection, or no room for a tier', async () => {
  const busy = await open({ ...inOrder, max: 1, connectionTimeoutMillis: 500, lanes: false })
  await withClient(busy, async (client) => {
    await client.query('begin read only')
    await client.query(READ)
    await busy.query(READ)
    await client.query('commit')
  })
  expect(produced.has('Retries', 'busy')).toBe(true)
  const full = await open({ ...inOrder, max: 5, tiers: { batch: { share: 0.2, maxQueue: 0 } } })
  const client = await full.tier('batch').connect()
  await client.query('begin read only')
  await client.query(READ)
  await full.query({ text: READ, tier: 'batch' })
  client.release(true)
  expect(produced.has('Retries', 'full')).toBe(true)
})

test('retries where a replica may be at fault', async () => {
  const pool = await open(inOrder)
  const { config } = replicaAt(0)
  await alterSystem(config, { work_mem: 64, temp_file_limit: 64 })
  const sort =
    'select count(*) from (select repeat(label, 200) from items, generate_series(1, 100) order by 1 offset 0) s'
  await actUntil(produced, 'Retries', 'sick', () => pool.query(sort))
  await alterSystem(config, { work_mem: null, temp_file_limit: null })
  const fresh = await open(inOrder)
  await paused(async () => {
    await ask(cluster.primary.config, 'update divisors set n = 1')
    await fresh.query('select 1 / n from divisors')
  })
  expect(produced.has('Retries', 'statement')).toBe(true)
})

test('repairs of reads that a replica rejects', async () => {
  const pool = await open(inOrder)
  await pool.query('select ticket()')
  expect(produced.has('Repairs', 'statement')).toBe(true)

  const { config } = replicaAt(0)
  await alterSystem(config, { session_preload_libraries: 'auto_explain' })
  const setting = await open(inOrder)
  await withClient(setting, async (client) => {
    await client.query('set auto_explain.nonsense = 1')
    await client.query(READ)
  })
  expect(produced.has('Repairs', 'setting')).toBe(true)

  const hooked = await open()
  hooked.on(
    'acquire',
    (client) => void client.query('create temp table if not exists own (a int)').catch(() => {}),
  )
  await hooked.query(READ)
  expect(produced.has('Repairs', 'hook')).toBe(true)
})

test('a retry after an unnoticed demotion', async () => {
  // The connection is older than the demotion: a pooler keeps it.
  await using pooler = await Pooler.start(cluster.primary)
  const replicas = [addressOf(cluster.primary), addressOf(replicaAt(0))]
  const pool = poolOver(cluster, { ...pooler.config, replicas, probeIntervalMs: 1000, max: 3 })
  await replicasReady(pool, 1)
  await pool.query(WRITE)
  const executions: QueryExecution[] = []
  pool.events.on('execution', (execution) => executions.push(execution))
  await pooler.lead(replicaAt(1))
  await pool.query(WRITE)
  // It is one statement, and one span, although it is sent twice.
  expect(executions).toMatchObject([
    { operation: 'UPDATE', role: 'primary', retries: [{ reason: 'standby-refusal', code: '25006' }] },
  ])
  expect(executions[0]?.error).toBeUndefined()
  await pool.end()
  expect(produced.has('Retries', 'standby-refusal')).toBe(true)
})

test('a retry of a write that waited for an old primary', async () => {
  const pool = await open({ max: 1 })
  const holder = await pool.connect()
  await holder.query('begin')
  const write = pool.query(WRITE)
  await cluster.promote(0, { oldPrimary: 'keep' })
  await until('it is fenced', () => pool.stats().nodes.some(({ state }) => state === 'old-timeline'))
  holder.release(true)
  await write
  expect(produced.has('Retries', 'fenced')).toBe(true)
})

test('that is every wait, retry, repair and spill', () => {
  for (const section of ['Waits', 'Retries', 'Repairs', 'Spills'])
    expect(produced.missing(section)).toEqual([])
})
