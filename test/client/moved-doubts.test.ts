import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PoolClient, QueryConfig } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { EVERYDAY_SCHEMA } from '../support/everyday.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { withClient } from '../support/transactions.ts'
import { alterSystem } from '../support/settings.ts'

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

const inClient = <T>(fn: (client: PoolClient) => Promise<T>, from = pool): Promise<T> => withClient(from, fn)

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

describe('a transaction that begins like one that could not move', () => {
  it('stays on its replica where it cannot move either', async () => {
    const begin = 'begin isolation level repeatable read read only'
    const read = 'select now(), label as known from items where id = 1'
    await inClient(async (client) => {
      await client.query(begin)
      await client.query(read)
      await expect(client.query(needsPrimary)).rejects.toMatchObject({ code: '40001' })
      await client.query('rollback')
      await client.query(begin)
      await client.query('declare c cursor for select 1 as n')
      expect((await client.query(read)).rows).toMatchObject([{ known: 'item 1' }])
      expect((await client.query('fetch c')).rows).toEqual([{ n: 1 }])
      expect((await client.query('commit')).command).toBe('COMMIT')
    })
  })

  const set = { text: `select set_config('app.tenant', $1, true)`, values: ['a'] }
  it.each<[string, string | QueryConfig, string]>([
    ['SHOW', 'show work_mem', 'by_show'],
    ['a type parser that throws', { ...set, types: throwing }, 'by_parser'],
  ])('moves before its first statement, whatever the failure was: %s', async (_what, first, mark) => {
    const [replica] = cluster.replicas
    if (replica === undefined) throw new Error('There is no replica')
    await alterSystem(replica.config, { work_mem: '5MB' })
    const codes: unknown[] = []
    try {
      for (let i = 0; i < 2; i++) {
        await replicasReady(pool)
        await inClient(async (client) => {
          await client.query('begin')
          await client.query(first).catch((error: Error) => expect(error.message).toBe('own'))
          await client.query(`select label as ${mark} from items where id = 1`)
          await client.query('update items set label = label where id = 1').then(
            () => codes.push('written'),
            (error: { code?: string }) => codes.push(error.code),
          )
          await client.query('rollback')
        })
      }
    } finally {
      await alterSystem(replica.config, { work_mem: null })
    }
    expect(codes).toEqual(['40001', 'written'])
  })

  it('set_config is set again, and not compared', async () => {
    const options = { probeIntervalMs: 50, transactions: 'optimistic', binary: true } as const
    const binary = poolOver(cluster, options)
    await replicasReady(binary)
    try {
      await inClient(async (client) => {
        await client.query('begin')
        await client.query(set)
        await client.query('update items set label = label where id = 1')
        const { rows } = await client.query(`select current_setting('app.tenant') as tenant`)
        expect(rows).toEqual([{ tenant: 'a' }])
        await client.query('rollback')
      }, binary)
    } finally {
      await binary.end()
    }
  })
})

describe('when its session writes meanwhile, and the replica does not show that', () => {
  const read = 'select label as meanwhile from items where id = 3'

  async function reads(begin: string, first: string, ending: string): Promise<unknown> {
    const [replica] = cluster.replicas
    const waiting = poolOver(cluster, { probeIntervalMs: 50, transactions: 'optimistic' })
    await ask(cluster.primary.config, `update items set label = 'old' where id = 3`)
    await cluster.caughtUp()
    await replicasReady(waiting)
    try {
      return await inClient(async (client) => {
        await client.query(begin)
        if (first !== '') await client.query(first)
        await replica?.pauseReplay()
        await waiting.query(`update items set label = 'new' where id = 3`)
        if (ending !== '') await client.query(ending)
        const { rows } = await client.query(read)
        await client.query('rollback')
        return rows[0].meanwhile
      }, waiting)
    } finally {
      await replica?.resumeReplay()
      await waiting.end()
    }
  }

  const other = 'select label from items where id = 4'
  const snapshot = 'isolation level repeatable read'
  it.each([
    ['begin', other, '', 'new'],
    ['begin', read, 'commit and chain', 'new'],
    [`begin ${snapshot}`, '', '', 'new'],
    [`begin ${snapshot}`, other, '', 'old'],
    [`begin ${snapshot}`, other, 'commit and chain', 'new'],
    ['begin read only', other, '', 'old'],
    ['begin read only', other, 'commit and chain', 'new'],
    [`begin ${snapshot} read only`, other, 'rollback and chain', 'new'],
  ])('%s; %s; %s: a read shows the %s row', async (begin, first, ending, shown) => {
    expect(await reads(begin, first, ending)).toBe(shown)
  })
})

it('ROLLBACK TO undoes SET TRANSACTION in a transaction that has moved, too', async () => {
  await inClient(async (client) => {
    await client.query('begin')
    await client.query('savepoint s')
    await client.query('set transaction read only')
    await client.query('select label as undone from items where id = 1')
    await client.query('rollback to s')
    await client.query('update items set label = label where id = 1')
    expect((await client.query('commit')).command).toBe('COMMIT')
  })
})

it('a read that was never sent is not repeated', async () => {
  await inClient(async (client) => {
    await client.query('begin')
    const toPostgres = (): never => {
      throw new Error('own')
    }
    await expect(
      client.query('select label as unsent from items where id = $1', [{ toPostgres }]),
    ).rejects.toThrow('own')
    await client.query('update items set label = label where id = 1')
    expect((await client.query('commit')).command).toBe('COMMIT')
  })
})

it.each([
  ['commit', 'I'],
  ['select 1', 'T'],
])('the callback of a first text of several statements that ends in %s is told %s', async (last, status) => {
  await inClient(async (client) => {
    await client.query('begin read write')
    const told = await new Promise((resolve) => {
      client.query(`update items set label = label where id = 1; ${last}`, () =>
        resolve(client.getTransactionStatus()),
      )
    })
    expect(told).toBe(status)
    await client.query('rollback')
  })
})

describe('without a primary', () => {
  it('a transaction that cannot move is lost, and nothing runs outside of it', async () => {
    const lonely = poolOver(cluster, { probeIntervalMs: 50, failoverTimeoutMs: 200 })
    await replicasReady(lonely)
    const client = await lonely.connect()
    const errors: unknown[] = []
    client.on('error', (error) => errors.push(error))
    await client.query('begin read only')
    await client.query('select 1 from items')
    await cluster.primary.stop('immediate')
    try {
      await expect(client.query('select pg_is_in_recovery()')).rejects.toBeInstanceOf(Error)
      await expect(client.query('select 1')).rejects.toThrow(/not queryable/)
      await expect(client.query('rollback')).rejects.toThrow(/not queryable/)
      expect(errors).toHaveLength(1)
    } finally {
      client.release()
      await cluster.primary.start()
      await lonely.end()
    }
  })
})
