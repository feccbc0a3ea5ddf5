import { Pool as PgPool, type QueryConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests } from '../support/ground.ts'
import { until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

const TYPED = "select '6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid as u, 12.5::numeric as n"
const SLEEPY = 'select pg_sleep($1::float8)::text as slept, $2::int as k'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { consistency: 'eventual' })

/** The rows that pg.Pool gives. */
async function rowsOfPg(query: QueryConfig): Promise<unknown[]> {
  const pool = new PgPool(cluster.primary.config)
  const { rows } = await pool.query<object>(query)
  await pool.end()
  return rows
}

/** Either way: each read over a lease, and over lanes. */
describe.each([1, 4])('with max: %d', (max) => {
  it('binary answers are what they are with pg, though the text has come again and again', async () => {
    const binary = { text: TYPED, binary: true }
    const expected = await rowsOfPg(binary)
    const pool = await open({ max })
    const options: PoolOptions & { binary: boolean } = { max, binary: true }
    const asPool = await open(options)
    for (let i = 0; i < 20; i++) {
      expect((await pool.query(binary)).rows).toEqual(expected)
      expect((await asPool.query(TYPED)).rows).toEqual(expected)
    }
  })

  it('type parsers of a class are used', async () => {
    class Types {
      static getTypeParser(): () => string {
        return () => 'mine'
      }
    }
    const query = { text: 'select 1 as n', types: Types } as unknown as QueryConfig
    const expected = await rowsOfPg(query)
    expect(expected).toEqual([{ n: 'mine' }])
    const pool = await open({ max })
    expect((await pool.query(query)).rows).toEqual(expected)
  })
})

it('a read that is sent again has the values that it was given', async () => {
  const pool = await open()
  await until('there is a lane', async () => {
    for (let i = 0; i < 5; i++) await pool.query(SLEEPY, [0, 1])
    const connections = pool.stats().nodes.find(({ role }) => role === 'replica')?.connections
    return connections !== undefined && connections.total > connections.idle
  })
  const slow = pool.query(SLEEPY, [0.4, 0])
  const values = [0, 1]
  const mine = pool.query<{ k: number }>(SLEEPY, values)
  await new Promise((resolve) => setTimeout(resolve, 5))
  values[1] = 2
  expect((await mine).rows).toMatchObject([{ k: 1 }])
  await slow
})
