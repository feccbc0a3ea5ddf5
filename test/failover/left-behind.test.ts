import Cursor from 'pg-cursor'
import { afterEach, describe, expect, it } from 'vitest'
import { outcomeOf, Pool } from '../../src/index.ts'
import type { PoolOptions } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

let cluster: Cluster
let way: TcpProxy
let pool: Pool
let old: ClusterNode

/** A pool over a cluster of two; the way to the first primary, or to the replica, is the proxy's. */
async function start(options: PoolOptions = {}, isReplicaBehind = false): Promise<void> {
  cluster = await sharedCluster({ replicas: 1 })
  old = cluster.primary
  const [replica] = cluster.replicas
  if (replica === undefined) throw new Error('The cluster has no replica')
  await ask(old.config, 'create table items (id int)')
  await cluster.caughtUp()
  way = await startProxy(isReplicaBehind ? replica.config : old.config)
  const addresses = isReplicaBehind ? [old.config, way.config] : [way.config, replica.config]
  const [primary, ...replicas] = addresses.map((address) => ({ ...old.config, ...address }))
  pool = new Pool({ ...primary, replicas, logger: false, probeIntervalMs: 50, ...options })
  await replicasReady(pool)
}

afterEach(async () => {
  await way?.close()
  if (!pool.ending) await pool.end()
  await cluster?.stop()
})

const insert = (id: number): string => `insert into items values (${id})`
const stateOfOld = (): string | undefined => pool.stats().nodes[0]?.state

async function itemsOf({ config }: ClusterNode): Promise<unknown[]> {
  return (await ask(config, 'select id from items order by id')).map(({ id }) => id)
}

async function outcomes(statements: readonly Promise<unknown>[]): Promise<unknown[]> {
  const ended = await Promise.allSettled(statements)
  return ended.map((each) => (each.status === 'fulfilled' ? 'done' : outcomeOf(each.reason)))
}

describe('an old primary that lives on', () => {
  it('gets none of the writes that waited for a connection to it', async () => {
    await start({ max: 1 })
    const holder = await pool.connect()
    await holder.query('begin')
    const writes: Promise<unknown>[] = [1, 2, 3].map((id) => pool.query(insert(id)))
    const other = await pool.connect()
    writes.push(other.query(insert(4)))
    await cluster.promote(0, { oldPrimary: 'keep' })
    await until('it is fenced', () => stateOfOld() === 'old-timeline')
    holder.release(true)
    expect(await outcomes(writes)).toEqual(['done', 'done', 'done', 'done'])
    other.release()
    expect(await itemsOf(old)).toEqual([])
    expect(await itemsOf(cluster.primary)).toEqual([1, 2, 3, 4])
  })

  it('is not written to by who holds a connection, though it is no longer in the list', async () => {
    await start()
    const free = await pool.connect()
    const bound = await pool.connect()
    await free.query(insert(1))
    await bound.query('begin')
    await cluster.caughtUp()
    await cluster.promote(0, { oldPrimary: 'keep' })
    await until('it is fenced', () => stateOfOld() === 'old-timeline')
    pool.setNodes([cluster.primary.config])
    expect(await outcomes([free.query(insert(2))])).toEqual(['done'])
    await expect(bound.query(insert(3))).rejects.toMatchObject({ code: 'SWITCHYARD_FENCED' })
    free.release()
    bound.release(true)
    expect(await itemsOf(old)).toEqual([1])
    expect(await itemsOf(cluster.primary)).toEqual([1, 2])
  })

  it('is not written to over a connection that is held while the new primary does not answer', async () => {
    await start({ failoverTimeoutMs: 200 })
    const [free, bound] = [await pool.connect(), await pool.connect()]
    await free.query(insert(1))
    await bound.query('begin')
    await cluster.caughtUp()
    await cluster.promote(0, { oldPrimary: 'keep' })
    await until('it is fenced', () => stateOfOld() === 'old-timeline')
    pool.setNodes([cluster.primary.config])
    await cluster.primary.kill()
    await until('the new primary is down', () => pool.stats().nodes[0]?.state === 'down')
    expect(await outcomes([free.query(insert(2))])).toEqual(['not-sent'])
    await expect(bound.query(insert(3))).rejects.toMatchObject({ code: 'SWITCHYARD_FENCED' })
    free.release()
    bound.release(true)
    expect(await itemsOf(old)).toEqual([1])
  })
})

it('a primary that stalls, and is replaced, ends its statements in progress, with their outcome', async () => {
  await start({ probeTimeoutMs: 500 })
  const [holder, reader] = [await pool.connect(), await pool.connect()]
  await holder.query('begin')
  const cursor = new Cursor('insert into items select generate_series(1, 9) returning id')
  reader.query(cursor)
  await cursor.read(1)
  await pool.query(insert(0))
  way.stall()
  const inProgress = outcomes([pool.query(insert(1)), holder.query(insert(2)), cursor.read(1)])
  await cluster.promote(0, { oldPrimary: 'keep' })
  expect(await inProgress).toEqual(['unknown', 'rolled-back', 'unknown'])
  holder.release(true)
  reader.release(true)
  await pool.end()
})

describe('a primary that restarts', () => {
  it('costs no statement of a client that holds nothing there', async () => {
    await start()
    const [free, bound] = [await pool.connect(), await pool.connect()]
    await free.query(insert(1))
    await bound.query('begin')
    await bound.query(insert(2))
    await old.kill()
    await old.start()
    await until('it is known', () => stateOfOld() === 'primary')
    expect(await outcomes([free.query(insert(3))])).toEqual(['done'])
    expect(await outcomes([bound.query('commit')])).toEqual(['rolled-back'])
    free.release()
    bound.release(true)
    expect(await itemsOf(old)).toEqual([1, 3])
  })

  it('runs nothing of a transaction whose BEGIN was lost on its way with the first statement', async () => {
    await start()
    const client = await pool.connect()
    client.on('error', () => {})
    await client.query(insert(1))
    await old.freeze()
    const ended = outcomes(['begin', insert(2), 'commit'].map((sql) => client.query(sql)))
    await old.kill()
    await old.start()
    expect(await ended).toEqual(['done', 'rolled-back', 'rolled-back'])
    client.release(true)
    await pool.query(insert(3))
    expect(await itemsOf(old)).toEqual([1, 3])
  })

  it('runs nothing of a transaction whose BEGIN was lost', async () => {
    await start({ pipelineBegin: false })
    const client = await pool.connect()
    await client.query(insert(1))
    await old.freeze()
    const ended = outcomes(['begin', insert(2), 'commit'].map((sql) => client.query(sql)))
    await old.kill()
    await old.start()
    expect(await ended).toEqual(['rolled-back', 'rolled-back', 'rolled-back'])
    await client.query(insert(3))
    client.release()
    expect(await itemsOf(old)).toEqual([1, 3])
  })
})

it('a pool ends though a connection is being made to a server that stalls', async () => {
  await start({ idleTimeoutMillis: 50, readTimeoutMs: 100, probeIntervalMs: 500 }, true)
  await until('no connection is left', () => pool.stats().nodes[1]?.connections.total === 0)
  way.stall()
  await pool.query('select 1 from pg_class limit 1')
  await pool.end()
})
