import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { outcomeOf, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool
/** The backends of the pool's connections, by the port of their server. */
let backends: Map<number, number>

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, 'create table items as select 1 as id')
})

afterAll(async () => {
  await cluster.stop()
})

beforeEach(async () => {
  pool = poolOver(cluster, { max: 1 })
  backends = new Map()
  pool.on('connect', (client) => {
    backends.set(client.port, Number(Reflect.get(client, 'processID')))
  })
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

/** Stops these backends while this is asked of them, and then ends them: what they answer to a setting is 57P01. */
async function whileTerminated<T>(pids: readonly number[], asking: () => Promise<T>): Promise<T> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  const answer = asking()
  // What is asked is on its way to the servers when the event loop has turned.
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  for (const pid of pids) process.kill(pid, 'SIGTERM')
  for (const pid of pids) process.kill(pid, 'SIGCONT')
  return answer
}

function backendsOf(...nodes: readonly { readonly config: { readonly port: number } }[]): number[] {
  return nodes.flatMap(({ config }) => backends.get(config.port) ?? [])
}

test('a read whose connection is lost while its settings are made moves to the next node', async () => {
  for (let i = 0; i < 50 && backends.size < 2; i++) {
    await Promise.all(Array.from({ length: 8 }, () => pool.query('select id from items')))
  }
  expect(backendsOf(...cluster.replicas)).toHaveLength(2)
  const refused: unknown[] = []
  pool.events.on('settingRefused', ({ cause }) => refused.push(cause))
  await pool.query(`set work_mem = '5MB'`)
  const { rows } = await whileTerminated(backendsOf(...cluster.replicas), () =>
    pool.query('select id from items'),
  )
  expect(rows).toEqual([{ id: 1 }])
  expect(refused).toEqual([])
})

test('a write is told the connection that is lost, and that it was not sent', async () => {
  await pool.query(`set work_mem = '5MB'`)
  const client = await pool.connect()
  await client.query(`set work_mem = '6MB'`)
  client.release()
  const error = await whileTerminated(backendsOf(cluster.primary), () =>
    pool.query('insert into items values (2)').catch((reason: unknown) => reason),
  )
  expect(error).toMatchObject({ code: '57P01' })
  expect(outcomeOf(error)).toBe('not-sent')
  expect(await ask(cluster.primary.config, 'select id from items')).toEqual([{ id: 1 }])
})

test('a client is told the same', async () => {
  await pool.query('select id from items')
  const client = await pool.connect()
  try {
    await client.query(`set work_mem = '6MB'`)
    client.release()
    await pool.query(`set work_mem = '5MB'`)
    const again = await pool.connect()
    expect(again).toBe(client)
    const error = await whileTerminated(backendsOf(cluster.primary), () =>
      again.query('insert into items values (2)').catch((reason: unknown) => reason),
    )
    expect(error).toMatchObject({ code: '57P01' })
    expect(outcomeOf(error)).toBe('not-sent')
  } finally {
    client.release()
  }
})
