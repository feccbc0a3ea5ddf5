import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, shownByReplica } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// A replica that was killed may come back far behind what it had shown: floors that were forgotten hold for it again.

const READ = 'select label from items where id = 7'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(10))
  pool = poolOver(cluster, { probeIntervalMs: 50, maxLag: { ms: 600_000 } })
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

test('a replica that comes back behind what it had shown does not serve what was written before', async () => {
  const [replica] = cluster.replicas
  if (replica === undefined) throw new Error('There is no replica')
  await shownByReplica(pool, READ)
  // It begins to replay here when it comes back.
  await ask(cluster.primary.config, 'checkpoint')
  await cluster.caughtUp()
  await ask(replica.config, 'checkpoint')
  await pool.query("update items set label = 'new' where id = 7")
  await shownByReplica(pool, READ)
  expect((await pool.query(READ)).rows).toEqual([{ label: 'new' }])
  // A second one, so that the floor of the first is not the last that is known.
  await pool.query("update items set label = 'other' where id = 8")
  await shownByReplica(pool, 'select * from items')

  await applyDelay(replica, 600_000)
  await replica.stop('immediate')
  await replica.start()
  expect(await ask(replica.config, READ)).toEqual([{ label: 'item 7' }])
  await until('the pool sees it again', () => pool.stats().nodes[1]?.state === 'replica')
  const { plan } = await pool.explain(READ)
  expect(plan.rejected.map(({ reason }) => reason)).toEqual(['behind-session'])
  for (let i = 0; i < 20; i++) expect((await pool.query(READ)).rows).toEqual([{ label: 'new' }])
})
