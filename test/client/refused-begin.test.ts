import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(async () => {
  await cluster.stop()
})

it('a BEGIN READ ONLY whose option is refused leaves the client in use, and the pool ends', async () => {
  const pool = poolOver(cluster, { probeIntervalMs: 100 })
  await replicasReady(pool)
  const client = await pool.connect()
  await expect(client.query({ text: 'begin read only', tier: 'none' } as never)).rejects.toMatchObject({
    code: 'SWITCHYARD_INVALID_OPTION',
  })
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  client.release()
  await pool.end()
})
