import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'

const BY_ID = 'select id, label from items where id = $1'
const TOGETHER = 8
const ROUNDS = 60

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(50))
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { consistency: 'eventual' })

const queriesOf = (pool: Pool): readonly number[] =>
  pool
    .stats()
    .nodes.filter(({ role }) => role === 'replica')
    .map(({ queries }) => queries)

/** Runs some reads at once, and returns how many each replica got. */
async function together(pool: Pool): Promise<readonly number[]> {
  const before = queriesOf(pool)
  await Promise.all(Array.from({ length: TOGETHER }, (_unused, id) => pool.query(BY_ID, [id + 1])))
  return queriesOf(pool).map((queries, index) => queries - (before[index] ?? 0))
}

test('fast reads of one moment travel together, and each replica gets its turn', async () => {
  const pool = await open()
  const lanes = (): boolean =>
    pool
      .stats()
      .nodes.every(({ connections, role }) => role !== 'replica' || connections.total > connections.idle)
  await until('each replica has a lane', async () => {
    for (let i = 0; i < 5; i++) await together(pool)
    return lanes()
  })
  let alone = 0
  const sums = [0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    const counts = await together(pool)
    if (counts.includes(TOGETHER)) alone += 1
    counts.forEach((count, index) => (sums[index] = (sums[index] ?? 0) + count))
  }
  // Balanced one by one, the reads of hardly any round would be at one replica.
  expect(alone).toBeGreaterThan(ROUNDS / 2)
  expect(Math.min(...sums)).toBeGreaterThan((ROUNDS * TOGETHER) / 20)
})
