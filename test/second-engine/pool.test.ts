import { afterAll, beforeAll, expect, it } from 'vitest'
import { createNodeSqlParser } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(10))
})
afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { parser: createNodeSqlParser() })

it('a pool routes by the parser that it is given', async () => {
  const pool = await open()
  await pool.query('select label from items where id = 1')
  await pool.query('update items set label = label where id = 1')
  await pool.query("select 'a\\'; delete from items where id < 0; --'").catch(() => undefined)
  const [primary, ...replicas] = pool.stats().nodes.map(({ queries }) => queries)
  expect([primary, replicas.reduce((a, b) => a + b)]).toEqual([2, 1])
})
