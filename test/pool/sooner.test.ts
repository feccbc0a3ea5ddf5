import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { until } from '../support/servers.ts'

/** Long enough for two statements, and for a read that waits for a replica to be told from one that does not. */
const LAG_MS = 200
const READ = 'select label from items where id = $1'
const SLOW = 'select label, pg_sleep(0.05)::text from items where id = $1'

let cluster: Cluster
let labels = 0

beforeAll(async () => {
  const settings = { recovery_min_apply_delay: `${LAG_MS}ms` }
  cluster = await startClusterWith({ replicas: 2, settings }, itemsTable(10))
})

afterAll(() => cluster?.stop())

/** Reads that wait for a replica get one: it is there long before the timeout. */
const openNew = poolsForTests(() => cluster, { catchUpTimeoutMs: 30_000, max: 10 })

/** Opens a pool that knows how long the replicas take. */
async function open(options?: PoolOptions): Promise<Pool> {
  const pool = await openNew(options)
  await until('it is known that the replicas take long', async () => {
    await write(pool)
    await read(pool)
    return (await pool.explain(READ)).plan.candidates[0]?.reason === 'sooner'
  })
  return pool
}

async function write(pool: Pool): Promise<string> {
  const label = `label ${++labels}`
  await pool.query('update items set label = $1 where id = 1', [label])
  return label
}

async function read(pool: Pool, text: string = READ): Promise<string | undefined> {
  const { rows } = await pool.query<{ label: string }>(text, [1])
  return rows[0]?.label
}

/** The largest number of connections to the primary that were in use at once while this ran. */
async function mostInUse(pool: Pool, run: () => Promise<unknown>): Promise<number> {
  let most = 0
  let isRunning = true
  const look = (): void => {
    const [{ connections } = { connections: { total: 0, idle: 0 } }] = pool.stats().nodes
    most = Math.max(most, connections.total - connections.idle)
    if (isRunning) setImmediate(look)
  }
  look()
  await run().finally(() => (isRunning = false))
  return most
}

it('a read of what was just written is answered by the primary, and later by replicas again', async () => {
  const pool = await open()
  const label = await write(pool)
  const tally = new Tally(pool)
  const { plan } = await pool.explain(READ)
  expect(plan.candidates).toMatchObject([{ role: 'primary', reason: 'sooner' }])
  expect(await read(pool)).toBe(label)
  expect(tally.reads()).toEqual([1, 0, 0])
  await until('the replicas show it', async () => {
    const explained = await pool.explain(READ)
    return explained.plan.candidates[0]?.reason === 'replica'
  })
  expect(await read(pool)).toBe(label)
  expect(tally.reads()[0]).toBe(1)
})

it('a session that has read on a replica, too, and what it reads does not go back', async () => {
  const pool = await open()
  await pool.withSession(async () => {
    const tally = new Tally(pool)
    await read(pool)
    expect(tally.reads()[0]).toBe(0)
    await until('it is known that the replicas take long to catch up', async () => {
      const label = await write(pool)
      expect(await read(pool)).toBe(label)
      return tally.reads()[0] !== 0
    })
  })
})

it('many such reads take no more than their share of the connections, and share lanes', async () => {
  const pool = await open()
  await until('there is a lane at the primary', async () => {
    for (let i = 0; i < 10; i++) await pool.query({ text: READ, values: [1], route: 'primary' })
    return pool.stats().nodes[0]?.connections.total !== 0
  })
  const label = await write(pool)
  const tally = new Tally(pool)
  const most = await mostInUse(pool, async () => {
    const reads = Array.from({ length: 64 }, (_, i) => read(pool, i % 2 === 0 ? READ : SLOW))
    expect(new Set(await Promise.all(reads))).toEqual(new Set([label]))
  })
  expect(most).toBeLessThanOrEqual(5)
  // The quick ones ride. The slow ones wait for a slot or a replica, and there are too few slots for all of them.
  expect(tally.reads()[0]).toBeGreaterThanOrEqual(32)
  expect(tally.reads()[0]).toBeLessThan(64)
})

it.each([1, 2])('that holds with max: %d', async (max) => {
  const pool = await open({ max })
  for (let round = 0; round < 3; round++) {
    const label = await write(pool)
    const most = await mostInUse(pool, async () => {
      const reads = Array.from({ length: 64 }, () => read(pool))
      expect(new Set(await Promise.all(reads))).toEqual(new Set([label]))
    })
    expect(most).toBeLessThanOrEqual(1)
  }
})

it('without a share they wait for the replicas', async () => {
  const pool = await openNew({ primarySpill: { share: 0 } })
  const label = await write(pool)
  const tally = new Tally(pool)
  expect(await Promise.all(Array.from({ length: 64 }, () => read(pool)))).toContain(label)
  expect(tally.reads()[0]).toBe(0)
})
