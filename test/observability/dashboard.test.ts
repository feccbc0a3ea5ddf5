import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { QueryConfig } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DashboardData } from '../../src/dashboard/data.ts'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady, WAITING } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool
let server: Server

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(20))
  pool = poolOver(cluster, { probeIntervalMs: 100 })
  await replicasReady(pool)
  server = createServer(pool.dashboard()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
})

afterAll(async () => {
  server?.close()
  server?.closeAllConnections()
  if (!pool?.ended) await pool?.end()
  await cluster?.stop()
})

async function look(at: Server = server): Promise<DashboardData> {
  const { port } = at.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/data`)
  return (await response.json()) as DashboardData
}

test('it listens to statements only while it has viewers', async () => {
  expect(pool.events.listenerCount('execution')).toBe(0)
  await look()
  expect(pool.events.listenerCount('execution')).toBe(1)
})

test('the data has each statement with its node and reason, and no parameter and no constant', async () => {
  await look()
  await pool.query('select label from items where label <> $1', ['needle-parameter'])
  await pool.query("select label from items where label = 'needle-literal' /* needle-comment */")
  await pool.query("insert into items values (20, 'needle-literal')").catch(() => undefined)
  await pool.query("select 'needle-literal'::int").catch(() => undefined)
  await pool.query("select 'needle-literal' fro items").catch(() => undefined)
  let data: DashboardData | undefined
  await until('all have ended', async () => {
    data = await look()
    return data.latest.length >= 5
  })
  expect(JSON.stringify(data)).not.toContain('needle')
  const [broken, wrongType, insert, , read] = data?.latest ?? []
  expect(read).toMatchObject({
    sql: 'select label from items where label <> $1',
    role: 'replica',
    why: 'a proven read',
  })
  expect(insert).toMatchObject({ role: 'primary', why: 'not a proven read: data-modifying' })
  expect(insert?.notes.at(-1)).toMatch(/^failed: \w+, 23505$/)
  expect(wrongType?.notes.at(-1)).toMatch(/22P02$/)
  expect(broken?.notes.at(-1)).toMatch(/42601$/)
  const notable = data?.notable.map(({ id }) => id) ?? []
  for (const failed of [broken, wrongType, insert]) expect(notable).toContain(failed?.id)
})

/** Serves the page of another pool while a function runs. */
async function besides(options: PoolOptions, use: (busy: Pool, at: Server) => Promise<void>): Promise<void> {
  const busy = poolOver(cluster, { ...WAITING, lanes: false, probeIntervalMs: 100, ...options })
  await replicasReady(busy)
  const at = createServer(busy.dashboard()).listen(0, '127.0.0.1')
  await new Promise((resolve) => at.once('listening', resolve))
  expect((await look(at)).waiting).toEqual([])
  await use(busy, at)
  await until('nobody waits', async () => (await look(at)).waiting.length === 0)
  at.close()
  at.closeAllConnections()
  await busy.end()
}

/** Waits until this many statements wait, and returns what each waits for. */
async function waitingAt(at: Server, count: number): Promise<Record<string, string>> {
  let waiting: DashboardData['waiting'] = []
  await until('all of them are seen', async () => {
    const data = await look(at)
    expect(JSON.stringify(data)).not.toContain('needle')
    ;({ waiting } = data)
    return waiting.length === count
  })
  for (const { forMs } of waiting) expect(forMs).toBeGreaterThan(0)
  return Object.fromEntries(waiting.map(({ sql, what }) => [sql, what]))
}

test('who waits for a connection, and for a replica that shows what was written', async () => {
  await besides({ max: 1 }, async (busy, at) => {
    await cluster.replicas[0]?.pauseReplay()
    const client = await busy.connect()
    await client.query("update items set label = 'needle-literal' where id = 1")
    await client.query('begin')
    await client.query('lock table items')
    const write = busy.query('update items set label = $1 where id = 2', ['needle-parameter'])
    const read = busy.query('select label from items where id = 1')
    expect(await waitingAt(at, 2)).toEqual({
      'update items set label = $1 where id = ?': 'a connection',
      'select label from items where id = ?': 'a replica to show what its session has written or seen',
    })
    await client.query('commit')
    client.release()
    await cluster.replicas[0]?.resumeReplay()
    await Promise.all([write, read])
  })
})

test('who waits for a permit of a tier', async () => {
  await besides({ max: 2, tiers: { batch: { share: 0.5 } } }, async (busy, at) => {
    const client = await busy.tier('batch').connect()
    await client.query('begin')
    await client.query('lock table items')
    const write = busy.query({ text: 'update items set id = id', tier: 'batch' } as QueryConfig)
    expect(await waitingAt(at, 1)).toEqual({ 'update items set id = id': 'a permit of its tier, tier batch' })
    await client.query('commit')
    client.release()
    await write
  })
})

test('a replica that is killed is down in the data, with the change', async () => {
  const [replica] = cluster.replicas
  if (replica === undefined) throw new Error('There is no replica')
  const id = `${replica.config.host}:${replica.config.port}`
  await look()
  await replica.kill()
  await until('it is down', async () => {
    const { changes, nodes } = await look()
    const state = nodes.find((node) => node.id === id)?.state
    return state === 'down' && changes.some(({ what }) => what.startsWith(`${id} changed from`))
  })
})

test('it ends with the pool', async () => {
  await pool.end()
  expect((await look()).hasEnded).toBe(true)
  await until('nothing listens', () => pool.events.listenerCount('execution') === 0)
})
