import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import { Client, Pool, type Explanation } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

// What would become of the next statement of a client, which its transaction and what it has left may bind.

let cluster: Cluster
let pool: Pool
let client: PoolClient
const READ = 'select id from seen'

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table seen as select 1 as id')
  await cluster.caughtUp()
})
beforeEach(async () => {
  pool = poolOver(cluster, { probeIntervalMs: 100, tiers: { batch: { share: 0.5 } } })
  await replicasReady(pool)
  client = await pool.connect()
})
afterEach(async () => {
  client.release()
  await pool.end()
})
afterAll(() => cluster?.stop())

/** In short: where to, over its own connection or any, why, and what the client has left. */
function brief({ plan, pins, route }: Explanation): unknown {
  const [first, ...others] = plan.candidates
  const isHeld = first?.reason === 'held' && first.role === route.role && others.length === 0
  return [route.role, isHeld ? 'held' : 'any', route.reason, ...(pins ?? [])]
}

it('a client that has left nothing is free', async () => {
  expect(brief(await pool.explain(READ, client))).toEqual(['replica', 'any', 'read'])
  expect(brief(await pool.explain('delete from seen', client))).toEqual(['primary', 'any', 'not-a-read'])
})

it('state that it has left keeps it on its connection until it is released', async () => {
  await client.query('select pg_advisory_lock(1)')
  await client.query('listen own')
  const pins = ['advisory-lock', 'listen']
  expect(brief(await pool.explain(READ, client))).toEqual(['primary', 'held', 'pinned', ...pins])
  expect(brief(await pool.explain('delete from seen', client))).toEqual([
    'primary',
    'held',
    'not-a-read',
    ...pins,
  ])
  expect(brief(await pool.explain(READ))).toEqual(['replica', 'any', 'read'])
  client.release()
  client = await pool.connect()
  expect(brief(await pool.explain(READ, client))).toEqual(['replica', 'any', 'read'])
})

it('a read that can mean no temporary object is free, another one is not', async () => {
  await client.query('create temp table own as select 2 as id')
  expect(brief(await pool.explain(READ, client))).toEqual(['replica', 'any', 'read', 'temporary-object'])
  await client.query('alter table own rename to seen')
  expect(brief(await pool.explain(READ, client))).toEqual(['primary', 'held', 'pinned', 'temporary-object'])
})

it('a transaction that is open has its statements, and explaining comes in its turn', async () => {
  const begun = client.query('begin')
  expect(brief(await pool.explain(READ, client))).toEqual(['primary', 'held', 'in-transaction'])
  await begun
  await client.query('rollback')
  await client.query('begin read only')
  expect(brief(await pool.explain(READ, client))).toEqual(['replica', 'held', 'in-transaction'])
  await client.query('commit')
  expect(brief(await pool.explain(READ, client))).toEqual(['replica', 'any', 'read'])
})

it('settings of the client count', async () => {
  await client.query('set default_transaction_read_only = on')
  expect(brief(await pool.explain(READ, client))).toEqual(['primary', 'any', 'setting'])
})

it('clients of a tier and of the primary are asked in the same way', async () => {
  const tiered = await pool.tier('batch').connect()
  expect(brief(await pool.explain(READ, tiered))).toEqual(['replica', 'any', 'read'])
  tiered.release()
  const own = await pool.primary.connect()
  expect(brief(await pool.explain(READ, own))).toEqual(['primary', 'any', 'asked-primary'])
  own.release()
})

it('a client that is released explains nothing', async () => {
  const other = await pool.connect()
  other.release()
  await expect(pool.explain(READ, other)).rejects.toThrow('Client was closed and is not queryable')
})

it('a client that is constructed explains itself', async () => {
  const replicas = cluster.replicas.map(({ config }) => config)
  const own = new Client({ ...cluster.primary.config, replicas, logger: false, probeIntervalMs: 100 })
  await own.connect()
  await until('the database is known', async () => {
    const { route } = await own.explain(READ)
    return route.role === 'replica'
  })
  await own.query('listen own')
  expect(brief(await own.explain(READ))).toEqual(['primary', 'held', 'pinned', 'listen'])
  await own.end()
  await expect(own.explain(READ)).rejects.toThrow('Client was closed and is not queryable')
})

it('where there is one node, a client has nothing to tell, and the pool does', async () => {
  const single = new Pool({ ...cluster.primary.config, logger: false })
  const own = await single.connect()
  const { pins } = await single.explain(READ, own)
  expect(pins).toBeUndefined()
  own.release()
  await single.end()
  const plain = new Client(cluster.primary.config)
  await expect(plain.explain(READ)).rejects.toMatchObject({ code: 'SWITCHYARD_SINGLE_NODE' })
})
