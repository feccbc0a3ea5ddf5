import { Client, type PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { NodeChange, Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { scansOf } from '../support/table-activity.ts'

// A process whose event loop is blocked hears nothing: that is no reason to hold a server for dead.

let cluster: Cluster
const pools: Pool[] = []
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())))

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(50),
    'create table once as select g as id from generate_series(1, 10) g',
  )
})
afterAll(() => cluster?.stop())

const PROBE_TIMEOUT_MS = 300
const BLOCKED_MS = PROBE_TIMEOUT_MS + 250

function block(): void {
  const end = performance.now() + BLOCKED_MS
  while (performance.now() < end);
}

/** Blocks the event loop as soon as a connection of the monitor has sent, or is to send, its next question. */
const trap: { isSet: boolean; at: 'query' | 'connect'; count: number } = {
  isSet: false,
  at: 'query',
  count: 0,
}

function spring(): void {
  if (!trap.isSet) return
  trap.isSet = false
  trap.count += 1
  block()
}

class WatchedClient extends Client {
  constructor(config: object = {}) {
    super(config)
    if (Reflect.get(config, 'application_name') !== 'pg-switchyard monitor') return
    const connection = this.connection as unknown as { query(text: string): void }
    const send = connection.query.bind(connection)
    connection.query = (text) => {
      send(text)
      // Behind an immediate timers come first, and sockets are read only after them.
      if (trap.at === 'query') setImmediate(spring)
    }
    this.connection.once('connect', () => trap.at === 'connect' && spring())
  }
}

async function blockedDuringProbes(times: number): Promise<void> {
  trap.count = 0
  for (let i = 1; i <= times; i++) {
    trap.isSet = true
    await until('a probe was caught', () => trap.count === i)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function openWatched(): Promise<{ pool: Pool; changes: NodeChange[] }> {
  const pool = poolOver(cluster, {
    probeIntervalMs: 50,
    probeTimeoutMs: PROBE_TIMEOUT_MS,
    Client: WatchedClient,
  })
  pools.push(pool)
  const changes: NodeChange[] = []
  pool.events.on('nodeChanged', (change) => changes.push(change))
  await replicasReady(pool)
  return { pool, changes }
}

test('with a probe in flight no node is marked down, and a read-only transaction lives', async () => {
  const { pool, changes } = await openWatched()
  changes.length = 0
  const client: PoolClient = await pool.connect()
  await client.query('begin read only')
  await client.query('select count(*) from items')
  trap.at = 'query'
  await blockedDuringProbes(6)
  expect((await client.query('select count(*)::int as n from items')).rows).toEqual([{ n: 50 }])
  await client.query('commit')
  client.release()
  expect(changes).toEqual([])
})

test('with a probe that is connecting no node is marked down', async () => {
  trap.at = 'connect'
  trap.count = 0
  trap.isSet = true
  const { pool, changes } = await openWatched()
  expect(trap.count).toBe(1)
  // Each is seen for the first time, and never as failed.
  expect(changes.filter(({ to }) => to === 'down' || to === 'suspected')).toEqual([])
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

test('a read on a lane that is in flight meanwhile runs once', async () => {
  const pool = poolOver(cluster)
  await replicasReady(pool)
  const read = (): Promise<unknown> => pool.query('select id from items where id = 7')
  // The shape is known to be fast.
  for (let i = 0; i < 40; i++) await read()
  const count = (): Promise<unknown> => pool.query('select count(*) from once')
  for (let i = 0; i < 40; i++) await count()
  for (let i = 0; i < 3; i++) {
    const answers = [read(), count(), read()]
    await new Promise((resolve) => setImmediate(resolve))
    block()
    await Promise.all(answers)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // Backends tell when they end.
  await pool.end()
  const scans = await scansOf([cluster.primary, ...cluster.replicas], 'once', 43)
  expect(scans).toBe(43)
})

/** Longer than a process may stand still and keep what it knows. */
const STANDSTILL_MS = 5_500

/** Stops the only thread without computing, as `execSync` does. */
function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL_MS)
}

test('a process that has stood still keeps its connections, its transactions and its writes', async () => {
  const pool = poolOver(cluster)
  pools.push(pool)
  await replicasReady(pool)
  const backend = async (): Promise<unknown> => (await pool.query('select pg_backend_pid() as pid')).rows[0]
  await pool.query('create table stood_still (id int)')
  const client = await pool.connect()
  await client.query('begin')
  await client.query('insert into stood_still values (1)')
  const before = await backend()
  // Both are still running when the process goes on, and the read is then asked again.
  const read = pool.query('select count(*)::int as n from items where pg_sleep(0.15) is not null')
  const write = client.query('insert into stood_still select 2 from pg_sleep(7.5)')
  await new Promise((resolve) => setTimeout(resolve, 100))
  standStill()
  expect(await backend()).toEqual(before)
  await write
  await client.query('commit')
  client.release()
  expect((await read).rows).toEqual([{ n: 50 }])
  expect((await pool.query('select id from stood_still order by id')).rows).toEqual([{ id: 1 }, { id: 2 }])
})
