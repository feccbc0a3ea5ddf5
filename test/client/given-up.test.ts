import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outcomeOf, Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

let cluster: Cluster
let proxy: TcpProxy
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    'create table t (id int primary key, v int)',
    'insert into t values (1, 0), (2, 0)',
  )
  proxy = await startProxy(cluster.primary.config)
  pool = new Pool({
    ...cluster.primary.config,
    ...proxy.config,
    replicas: cluster.replicas.map(({ config }) => config),
    query_timeout: 500,
    logger: false,
  })
  await pool.ready()
})
afterAll(async () => {
  await pool.end()
  await proxy[Symbol.asyncDispose]()
  await cluster.stop()
})

const UPDATE = 'update t set v = $2 where id = $1'

/** Returns the message and the outcome of a failure. */
async function failureOf(promise: Promise<unknown>): Promise<readonly [string, string | undefined]> {
  const error = await promise.then(
    () => new Error('It has succeeded'),
    (reason: Error) => reason,
  )
  return [error.message, outcomeOf(error)]
}

/** Opens a transaction with a write, and loses its connection without a word to the client. */
async function loseTransaction(client: PoolClient): Promise<void> {
  await client.query('begin')
  await client.query(UPDATE, [1, 1])
  proxy.forget()
}

test.each([{}, { optimistic: true }])(
  'a transaction %j over a connection that is silently lost ends',
  async (options) => {
    const transaction = pool.transaction(async (client) => {
      await client.query('select v from t where id = $1', [1])
      await client.query(UPDATE, [1, 1])
      proxy.forget()
      await client.query(UPDATE, [2, 1])
    }, options)
    expect(await failureOf(transaction)).toEqual(['Query read timeout', 'unknown'])
    expect(pool.idleCount).toBe(pool.totalCount)
  },
)

test('statements behind one without an answer time out as well, and have not been sent', async () => {
  const client = await pool.connect()
  await loseTransaction(client)
  const failures = await Promise.all(
    [
      client.query(UPDATE, [2, 1]),
      client.query('select 1'),
      new Promise((resolve, reject) =>
        client
          .query(new Cursor('select 1'))
          .read(1, (error, rows) => (error ? reject(error) : resolve(rows))),
      ),
      client.query('rollback'),
    ].map(failureOf),
  )
  expect(failures).toEqual([
    ['Query read timeout', 'unknown'],
    ['Query read timeout', 'not-sent'],
    ['Query read timeout', 'not-sent'],
    ['Query read timeout', 'not-sent'],
  ])
  client.release(true)
})

test('a client that is released after a timeout keeps no connection', async () => {
  const client = await pool.connect()
  await loseTransaction(client)
  await failureOf(client.query(UPDATE, [2, 1]))
  client.release()
  await expect.poll(() => pool.idleCount === pool.totalCount && pool.waitingCount === 0).toBe(true)
  expect((await pool.query(UPDATE, [1, 5])).rowCount).toBe(1)
})

test('a statement waits for a slow one in front of it within its own timeout', async () => {
  const client = await pool.connect()
  const slow = client.query({ text: 'select pg_sleep(0.8)', query_timeout: 5000 } as { text: string })
  const next = client.query({ text: 'select 1 as one', query_timeout: 5000 } as { text: string })
  await slow
  expect((await next).rows).toEqual([{ one: 1 }])
  client.release()
})
