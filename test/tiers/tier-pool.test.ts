import { Pool as PgPool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests } from '../support/ground.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { max: 5, tiers: { batch: { share: 0.2, maxQueue: 1 } } })

describe('a pool of one tier', () => {
  it('is a pg.Pool, with callbacks, events and counters, and to end it ends nothing', async () => {
    const pool = await open()
    const batch = pool.tier('batch')
    expect(batch).toBeInstanceOf(PgPool)
    const connected: unknown[] = []
    batch.on('connect', (client) => connected.push(client))
    const told = await new Promise((resolve) => {
      batch.query('select 1 as one', [], (_error, result) => resolve(result.rows))
    })
    expect(told).toEqual([{ one: 1 }])
    await new Promise<void>((resolve, reject) => {
      batch.connect((error, client, release) => {
        if (error || client === undefined) return reject(error ?? new Error('no client'))
        client.query('select 1', (failed) => {
          release()
          if (failed) reject(failed)
          else resolve()
        })
      })
    })
    expect(connected.length).toBeGreaterThan(0)
    expect(batch.totalCount).toBe(pool.totalCount)
    expect(batch.totalCount).toBeGreaterThan(0)
    await batch.end()
    await new Promise<void>((resolve) => batch.end(resolve))
    expect((await batch.query('select 1')).rowCount).toBe(1)
  })

  it('also where there is one node only, whose connections are all there for it', async () => {
    const pool = new Pool({ ...cluster.primary.config, max: 4, tiers: { batch: { share: 0.5 } } })
    const hold = async (tier: string): Promise<PoolClient> => {
      const client = await pool.tier(tier).connect()
      await client.query('begin')
      return client
    }
    expect((await pool.tier('batch').query('select 1')).rowCount).toBe(1)
    const [first, second] = await Promise.all([hold('batch'), hold('batch')])
    let isIn = false
    const third = pool
      .tier('batch')
      .query('select 1')
      .then(() => (isIn = true))
    const others = await Promise.all([hold('default'), hold('default')])
    expect(isIn).toBe(false)
    first.release(true)
    await third
    for (const client of [second, ...others]) client.release(true)
    await pool.end()
  })
})
