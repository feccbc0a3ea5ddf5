import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { isolationRun, tenantRows } from './isolation.ts'

const TENANTS = 50
let cluster: Cluster
const poolFor = poolsForTests(() => cluster, { application_name: 'tenants', max: 8 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, tenantRows(TENANTS))
})
afterAll(() => cluster?.stop())

it('64 callers of 50 tenants never see rows of others, while connections are killed', async () => {
  const pool = await poolFor()
  const found = await isolationRun(pool, cluster, {
    reads: 1500,
    callers: 64,
    tenants: TENANTS,
    killEveryMs: 200,
  })
  expect(found).toMatchObject({ foreignRows: 0, missing: 0, leftBehind: 0, unexpectedErrors: [] })
  expect(found.reads).toBeGreaterThan(1200)
  expect(found.killed).toBeGreaterThan(0)
})
