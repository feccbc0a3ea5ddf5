import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { EVERYDAY_SCHEMA } from '../support/everyday.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(20), EVERYDAY_SCHEMA)
  pool = poolOver(cluster, { probeIntervalMs: 50, transactions: 'optimistic' })
})

beforeEach(() => replicasReady(pool))

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

async function inClient<T>(fn: (client: PoolClient) => Promise<T>, from: Pool = pool): Promise<T> {
  const client = await from.connect()
  try {
    return await fn(client)
  } finally {
    client.release(client.getTransactionStatus() !== 'I')
  }
}

const needsPrimary = 'select pg_is_in_recovery()'
const throwing = {
  getTypeParser: () => () => {
    throw new Error('own')
  },
}

describe('a statement whose error is not of the server', () => {
  it.each([
    'set local role reader',
    `set local app.tenant = 'a'`,
    'savepoint s',
    'declare c cursor for select 1',
  ])('%s: may have run, so the transaction does not move without it', async (text) => {
    const [replica] = cluster.replicas
    await inClient(async (client) => {
      await client.query('begin read only')
      await client.query('select label from items where id = 1')
      await replica?.freeze()
      try {
        await expect(client.query({ text, query_timeout: 60 } as never)).rejects.toThrow(/timeout/i)
      } finally {
        await replica?.thaw()
      }
      await client.query('select label from items where id = 1')
      await expect(client.query(needsPrimary)).rejects.toMatchObject({
        code: 'SWITCHYARD_READ_ONLY_TRANSACTION',
      })
      await client.query('rollback')
    })
  })

  it('set_config with a type parser that throws: neither', async () => {
    await inClient(async (client) => {
      await client.query('begin read only')
      const set = { text: `select set_config('app.tenant', $1, true)`, values: ['a'], types: throwing }
      await expect(client.query(set)).rejects.toThrow('own')
      await expect(client.query(needsPrimary)).rejects.toMatchObject({
        code: 'SWITCHYARD_READ_ONLY_TRANSACTION',
      })
      await client.query('rollback')
    })
  })

  it('an error of the server leaves it as it is', async () => {
    await inClient(async (client) => {
      await client.query('begin read only')
      await client.query('savepoint s')
      await expect(client.query('set local role nobody_of_this_name')).rejects.toMatchObject({
        code: '22023',
      })
      await client.query('rollback to s')
      expect((await client.query(needsPrimary)).rows).toEqual([{ pg_is_in_recovery: false }])
      await client.query('commit')
    })
  })
})
