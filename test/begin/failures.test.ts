import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import { outcomeOf, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask } from '../support/servers.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { BeginCutter } from './begin-cutter.ts'

const INSERT = 'insert into items values ($1)'
const UNSENT = { outcome: 'not-sent' }

let cluster: Cluster
const openPool = poolsForTests(() => cluster, { max: 3 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, 'create table items (id int)')
})
beforeEach(() => ask(cluster.primary.config, 'truncate items'))
afterAll(() => cluster?.stop())

/** Checks a client out whose connection to the primary is there. */
async function connected(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect()
  client.on('error', () => {})
  await client.query('truncate items')
  return client
}

const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (error: unknown) => error as Error,
  )
const rows = async (): Promise<number> =>
  Number((await ask(cluster.primary.config, 'select count(*) as n from items'))[0]?.['n'])

describe('a BEGIN that is cut by statement_timeout', () => {
  let pool: Pool
  let cutter: BeginCutter

  beforeEach(async () => {
    cutter = new BeginCutter(100)
    pool = await openPool({ stream: cutter.stream })
    await pool.query('set statement_timeout = 50')
  })

  it.each([
    ['with values', INSERT, [1]],
    ['without values', 'insert into items values (1)', undefined],
  ])('fails the first statement, %s, which is not run, ten times in a row', async (_how, text, values) => {
    const client = await connected(pool)
    for (let time = 0; time < 10; time++) {
      await client.query('begin')
      await expect(client.query(text, values)).rejects.toMatchObject({ code: '57014', ...UNSENT })
      await expect(client.query(text, values)).rejects.toMatchObject({ code: '25P02' })
      expect(client.getTransactionStatus()).toBe('E')
      expect(await client.query('commit')).toMatchObject({ command: 'ROLLBACK' })
    }
    client.release()
    expect([cutter.cuts, await rows()]).toEqual([10, 0])
  })

  it('fails pool.transaction(), also when its function does not notice', async () => {
    const run = pool.transaction((client) => client.query(INSERT, [1]))
    await expect(run).rejects.toMatchObject({ code: '57014', ...UNSENT })
    const careless = pool.transaction(async (client) => {
      await client.query(INSERT, [1]).catch(() => {})
      await client.query(INSERT, [2]).catch(() => {})
    })
    await expect(careless).rejects.toMatchObject({ code: 'SWITCHYARD_TRANSACTION_ABORTED' })
    expect([cutter.cuts, await rows()]).toEqual([2, 0])
  })

  it('fails statements that were called without waiting', async () => {
    const client = await connected(pool)
    const calls = ['begin', 'insert into items values (1)', 'insert into items values (2)', 'commit']
    const ends = await Promise.allSettled(calls.map((sql) => client.query(sql)))
    const told = ends.map((end) =>
      end.status === 'fulfilled' ? end.value.command : (Reflect.get(end.reason as object, 'code') as unknown),
    )
    expect(told).toEqual(['BEGIN', '57014', '25P02', 'ROLLBACK'])
    expect([cutter.cuts, await rows()]).toEqual([1, 0])
    await client.query(INSERT, [3])
    expect(await rows()).toBe(1)
    client.release()
  })
})

it('nothing is committed under cancels at any moment', async () => {
  const pool = await openPool()
  const client = await connected(pool)
  const { rows: backend } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  let isOver = false
  const cancels = (async (): Promise<number> => {
    let sent = 0
    for (; !isOver; sent++) await pool.query('select pg_cancel_backend($1)', [backend[0]?.pid])
    return sent
  })()
  for (let id = 0; id < 200; id++) {
    await client.query('begin').catch(() => {})
    await client.query(INSERT, [id]).catch(() => {})
    await client.query(INSERT, [id]).catch(() => {})
    await client.query('rollback').catch(() => client.query('rollback'))
  }
  isOver = true
  expect(await cancels).toBeGreaterThan(20)
  client.release()
  expect(await rows()).toBe(0)
})

describe('a connection that is lost', () => {
  it('behind the answer to BEGIN fails the first statement, which was not sent', async () => {
    const pool = await openPool()
    const client = await connected(pool)
    await client.query('begin')
    await ask(cluster.primary.config, 'select pg_terminate_backend($1)', [Reflect.get(client, 'processID')])
    const error = await failureOf(client.query(INSERT, [1]))
    expect([outcomeOf(error), await rows()]).toEqual(['not-sent', 0])
    await expect(client.query(INSERT, [2])).rejects.toThrow('not queryable')
    client.release(error)
    await pool.query(INSERT, [3])
    expect(await rows()).toBe(1)
  })

  it('by idle_session_timeout, too', async () => {
    const pool = await openPool({ options: '-c idle_session_timeout=300' })
    const client = await connected(pool)
    const ended = new Promise((resolve) => client.once('end', resolve))
    await client.query('begin')
    await ended
    const error = await failureOf(client.query(INSERT, [1]))
    expect([outcomeOf(error), await rows()]).toEqual(['not-sent', 0])
    client.release(error)
  })

  it('while BEGIN and the first statement are on their way rolls both back', async () => {
    await using proxy = await startProxy(cluster.primary.config)
    const pool = await openPool({ ...proxy.config })
    const client = await connected(pool)
    await client.query('begin')
    proxy.stall()
    const failure = failureOf(client.query(INSERT, [1]))
    await proxy.cut()
    expect([outcomeOf(await failure), await rows()]).toEqual(['rolled-back', 0])
    client.release(true)
  })
})

it('a statement that takes too long for query_timeout is in the transaction all the same', async () => {
  // Long enough for the statements behind it on a busy machine.
  const pool = await openPool({ query_timeout: 700 })
  const client = await connected(pool)
  try {
    await client.query('begin')
    const slow = 'with i as (insert into items values (1)) select pg_sleep(1)'
    await expect(client.query(slow)).rejects.toThrow('Query read timeout')
    expect(client.getTransactionStatus()).toBe('T')
    await client.query('rollback')
  } finally {
    client.release(true)
  }
  expect(await rows()).toBe(0)
})
