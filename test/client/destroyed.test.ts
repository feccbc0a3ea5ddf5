import { Client as PgClient, Pool as PgPool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

// Who cuts `client.connection` waits for the client's "end", and gets it from either.

let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})
afterAll(() => cluster?.stop())

const names = ['pg', 'pg-switchyard'] as const

test.each(names)('a client of its own, %s', async (name) => {
  const replicas = cluster.replicas.map(({ config }) => config)
  const client: PgClient =
    name === 'pg'
      ? new PgClient(cluster.primary.config)
      : new Client({ ...cluster.primary.config, replicas, logger: false })
  const heard: unknown[] = []
  client.on('error', ({ message }) => heard.push(message))
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  await client.connect()
  await client.query('select 1')
  client.connection.stream.destroy()
  await ended
  expect(heard).toEqual(['Connection terminated unexpectedly'])
  await expect(client.query('select 1')).rejects.toThrow(
    'Client has encountered a connection error and is not queryable',
  )
})

type Cut = (client: PoolClient) => unknown

describe.each(names)('a client of a pool, %s', (name) => {
  const open = async (): Promise<PgPool> => {
    if (name === 'pg') return new PgPool({ ...cluster.primary.config, max: 1 })
    const pool = poolOver(cluster, { max: 1, probeIntervalMs: 100 })
    await replicasReady(pool)
    return pool
  }

  test.each<[string, Cut]>([
    [
      'connection.end()',
      (client) => Reflect.apply(Reflect.get(client.connection, 'end'), client.connection, []),
    ],
    ['connection.stream.end()', (client) => client.connection.stream.end()],
    ['connection.stream.destroy()', (client) => client.connection.stream.destroy()],
  ])('is cut by %s, and handed out no more', async (_how, cut) => {
    const pool = await open()
    pool.on('error', () => {})
    const client = await pool.connect()
    await client.query('begin')
    const told = Promise.all(
      ['end', 'error'].map((event) => new Promise((resolve) => client.once(event, resolve))),
    )
    cut(client)
    const [, error] = await told
    expect(error).toMatchObject({ message: 'Connection terminated unexpectedly' })
    await expect(client.query('select 1')).rejects.toThrow(/not queryable/)
    client.release()
    const next = await pool.connect()
    expect(next).not.toBe(client)
    expect((await next.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    next.release()
    await pool.end()
  })
})

test('an idle client of a pool is cut, and the pool goes on', async () => {
  const pool = poolOver(cluster, { max: 1, probeIntervalMs: 100 })
  await replicasReady(pool)
  const client = await pool.connect()
  await client.query('select 1')
  client.release()
  client.connection.stream.end()
  for (let i = 0; i < 3; i++) expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  const again = await pool.connect()
  expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  again.release()
  await pool.end()
})
