import { afterEach, describe, expect, test } from 'vitest'
import type { PoolOptions } from '../config/options.ts'
import type { SimulatedNetwork } from '../../test/support/simulated-network.ts'
import { hostOf, SimulatedPool, simulatedPool } from '../../test/support/simulated-pool.ts'

const pools: SimulatedPool[] = []

async function readyPool(
  options: PoolOptions = {},
  prepare?: (network: SimulatedNetwork) => void,
): Promise<SimulatedPool> {
  const pool = simulatedPool(options, prepare)
  pools.push(pool)
  await pool.resolved(pool.router.readiness.ready())
  return pool
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

/** Names of the events that are told from now on, with their nodes. */
function eventsOf({ router }: SimulatedPool): string[] {
  const told: string[] = []
  for (const name of [
    'nodeChanged',
    'primaryChanged',
    'connectionLost',
    'nodesChanged',
    'catalogLoaded',
  ] as const) {
    router.events.on(name, (event: object) => {
      const { from, node, to } = event as Record<string, string | undefined>
      const nodes = [node, from, to].map((each) => each && hostOf(each))
      told.push([name, ...nodes.filter(Boolean)].join(' '))
    })
  }
  return told
}

test('nothing is opened and no timer is set until the first request', async () => {
  const pool = simulatedPool()
  await pool.platform.advance(10_000)
  expect([pool.network.connections, pool.platform.pendingTimers]).toEqual([0, 0])
  await pool.end()
  expect([pool.network.connections, pool.platform.pendingTimers, pool.platform.heldOpen]).toEqual([0, 0, 0])
})

test('its end closes every connection and leaves no timer', async () => {
  const pool = await readyPool()
  await pool.query('select 1')
  await pool.query("insert into users values ('a')")
  const client = await pool.connect()
  await pool.resolved(client.query('begin'))
  await pool.resolved(client.query('commit'))
  client.release()
  expect(pool.network.connections).toBeGreaterThan(4)
  await pool.end()
  pools.length = 0
  await pool.platform.advance(1_000)
  expect([pool.network.connections, pool.platform.pendingTimers, pool.platform.heldOpen]).toEqual([0, 0, 0])
})

test('its end waits for a client that is checked out', async () => {
  const pool = await readyPool()
  const client = await pool.connect()
  await pool.resolved(client.query('begin'))
  let isOver = false
  const ended = pool.router.end().then(() => (isOver = true))
  await pool.platform.advance(1_000)
  expect(isOver).toBe(false)
  await pool.resolved(client.query('commit'))
  client.release()
  await pool.resolved(ended)
  pools.length = 0
  expect(pool.network.connections).toBe(0)
})

test('statements are counted for their node, and reads besides', async () => {
  const pool = await readyPool()
  await pool.query('select 1')
  await pool.query('select 2')
  await pool.query("insert into users values ('a')")
  const { catalog, nodes, offload, reads } = pool.router.stats()
  expect([catalog, reads, offload]).toEqual(['loaded', 2, 1])
  expect(nodes.map(({ id, queries }) => [hostOf(id), queries])).toEqual([
    ['p', 1],
    ['a', 2],
    ['b', 0],
  ])
})

describe('a failover', () => {
  test('is told, and writes go to the new primary', async () => {
    const pool = await readyPool()
    await pool.query("insert into users values ('a')")
    const told = eventsOf(pool)
    pool.network.at('p').stop()
    const writing = pool.query("insert into users values ('b')")
    pool.network.at('a').promote()
    await writing
    expect(told.filter((event) => event.startsWith('primaryChanged'))).toEqual(['primaryChanged p a'])
    expect(told).toContain('connectionLost p')
    expect(pool.network.received.at(-1)?.host).toBe('a')
  })

  test('has the pool look at the catalog of the new primary', async () => {
    const pool = await readyPool()
    const told = eventsOf(pool)
    pool.network.at('p').stop()
    pool.network.at('a').promote()
    await pool.platform.advance(5_000)
    expect(pool.router.stats().catalog).toBe('loaded')
    expect(told).toContain('primaryChanged p a')
  })
})

test('a read that meets a broken node runs on another one, and the node is looked at', async () => {
  const pool = await readyPool()
  await pool.query('select 1')
  const told = eventsOf(pool)
  pool.network.at('a').stop()
  await pool.query('select 2')
  expect(pool.network.received.at(-1)).toEqual({ host: 'b', sql: 'select 2' })
  await pool.platform.advance(1_000)
  expect(told.some((event) => /^nodeChanged a .*down$/.test(event))).toBe(true)
})

test('nodes that are given come and go', async () => {
  const pool = await readyPool()
  const told = eventsOf(pool)
  const configs = [...pool.router.nodes].flatMap(({ id }) => pool.router.nodes.configOf(id) ?? [])
  pool.router.roster.set(configs.filter(({ id }) => hostOf(id) !== 'a'))
  await pool.platform.advance(1_000)
  await pool.query('select 1')
  expect(told).toContain('nodesChanged')
  expect(pool.network.received).toEqual([{ host: 'b', sql: 'select 1' }])
  expect(pool.network.at('a').sockets.size).toBe(0)
})

test('pools on one clock share a catalog, and pools on two clocks do not', async () => {
  const pool = await readyPool()
  const other = new SimulatedPool(pool.platform, pool.network)
  pools.push(other)
  await other.resolved(other.router.readiness.ready())
  expect(other.router.stats().catalog).toBe('loaded')
  expect(pool.network.at('p').catalog.loads).toBe(1)
  const elsewhere = await readyPool()
  expect(elsewhere.network.at('p').catalog.loads).toBe(1)
})

test('a statement that runs for longer than probes take keeps its node up', async () => {
  const pool = await readyPool()
  pool.network.at('p').told = 'is silent'
  let isOver = false
  const writing = pool.query("insert into users values ('a')").finally(() => (isOver = true))
  writing.catch(() => {})
  await pool.platform.advance(4_000)
  expect(isOver).toBe(false)
  expect(pool.router.cluster.primary()?.state.name).toBe('up')
  pool.network.at('p').stop()
  await expect(writing).rejects.toMatchObject({ message: 'Connection terminated unexpectedly' })
})
