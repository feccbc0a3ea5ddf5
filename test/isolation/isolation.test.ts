import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { SCHEMA } from './programs.ts'
import { runIsolation } from './run.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, SCHEMA)
  pool = poolOver(cluster, { max: 10 })
  await replicasReady(pool)
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

it('optimistic transactions show no anomaly that their isolation level rules out', async () => {
  const figures = await runIsolation(pool, cluster, { transactions: 400, callers: 8, lagMs: [0, 50] })
  expect([figures.anomalies, figures.unexpectedErrors]).toEqual([{}, []])
  expect(figures.moved).toBeGreaterThan(20)
})

it('the anomalies are found where nothing is compared', async () => {
  const lagging = poolOver(cluster, { consistency: 'eventual', max: 10 })
  await replicasReady(lagging)
  try {
    const figures = await runIsolation(lagging, cluster, {
      transactions: 400,
      callers: 8,
      lagMs: [20, 50],
      reads: 'outside',
    })
    const expected = ['lost update', 'a write followed from an outdated read', 'read skew']
    expect(Object.keys(figures.anomalies)).toEqual(expect.arrayContaining(expected))
  } finally {
    await lagging.end()
  }
})
