import { Client, type PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

const SCHEMA = `
  create table jobs (id int primary key, name text, priority int);
  insert into jobs values (1, 'first', 1), (2, 'second', 2);
  create view queue as select name from jobs order by priority;
  create table taken (name text);`

let cluster: Cluster
let primary: Client

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, SCHEMA)
  primary = new Client(cluster.primary.config)
  await primary.connect()
})

afterAll(async () => {
  await primary?.end()
  await cluster?.stop()
})

/** Takes the first job of a queue in one transaction. Resolves with its name and the error of the transaction. */
async function take(pool: Pool, sql: string): Promise<readonly [name: unknown, code: unknown]> {
  const client: PoolClient = await pool.connect()
  let name: unknown
  try {
    await client.query('begin')
    ;({ name } = (await client.query<{ name: string }>(sql)).rows[0] ?? { name: undefined })
    await client.query('insert into taken values ($1)', [name])
    await client.query('commit')
    return [name, undefined]
  } catch (error) {
    await client.query('rollback')
    return [name, Reflect.get(error as Error, 'code')]
  } finally {
    client.release()
  }
}

test.each([
  'select name from queue',
  'select jobs.name from queue as jobs',
  'select name from jobs order by priority',
])(
  'an optimistic transaction that has read another order on the replica does not commit: %s',
  async (sql) => {
    await primary.query('update jobs set priority = id')
    await cluster.caughtUp()
    const pool = poolOver(cluster, { transactions: 'optimistic' })
    await replicasReady(pool)
    await cluster.replicas[0]?.pauseReplay()
    try {
      await primary.query('update jobs set priority = -id')
      expect(await take(pool, sql)).toEqual(['first', '40001'])
    } finally {
      await cluster.replicas[0]?.resumeReplay()
      await pool.end()
    }
  },
)
