import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import Cursor from 'pg-cursor'
import type { PoolClient } from 'pg'
import { Query, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith, Tally } from '../support/ground.ts'
import { WAITING, poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool
let tally: Tally

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(50))
  pool = poolOver(cluster, { windowMs: 60_000, probeIntervalMs: 100, ...WAITING })
})

beforeEach(async () => {
  await replicasReady(pool)
  tally = new Tally(pool)
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

/** Queries sent to the primary and to the replica. */
const sent = (): number[] => tally.queries()

describe('a client from connect()', () => {
  it('routes each statement by itself', async () => {
    const client = await pool.connect()
    await client.query('select 1 from items')
    expect(sent()).toEqual([0, 1])
    expect(client.getTransactionStatus()).toBe('I')
    await client.query(`update items set label = label where id = 1`)
    expect(sent()).toEqual([1, 1])
    await client.query('select 1 from items')
    expect(sent()[0]).toBe(1)
    expect(tally.reads()).toEqual([0, 2])
    client.release()
  })

  it('runs a transaction wholly on one connection to the primary, and routes again behind it', async () => {
    const client = await pool.connect()
    const backends = new Set<unknown>()
    await client.query('begin')
    for (let i = 0; i < 3; i++) {
      backends.add((await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid)
      await client.query('select label from items where id = 1')
    }
    await client.query('savepoint s')
    await expect(client.query('select 1/0 from items')).rejects.toMatchObject({ code: '22012' })
    expect(client.getTransactionStatus()).toBe('E')
    await client.query('rollback to savepoint s')
    expect(client.getTransactionStatus()).toBe('T')
    await client.query('commit')
    expect(client.getTransactionStatus()).toBe('I')
    expect(backends.size).toBe(1)
    expect(sent()).toEqual([11, 0])
    await client.query('select label from items where id = 1')
    expect(sent()).toEqual([11, 1])
    client.release()
  })

  it('follows a transaction that begins inside of a text of several statements', async () => {
    const client = await pool.connect()
    await client.query(`begin; update items set label = 'uncommitted' where id = 2`)
    const { rows } = await client.query('select label from items where id = 2')
    expect(rows).toEqual([{ label: 'uncommitted' }])
    await client.query('rollback')
    client.release()
    expect(sent()).toEqual([3, 0])
  })

  it('reads over its connection what was set there', async () => {
    const client = await pool.connect()
    await client.query('set search_path to pg_catalog')
    await expect(client.query('select 1 from items')).rejects.toMatchObject({ code: '42P01' })
    expect(sent()).toEqual([2, 0])
    client.release(true)
  })

  it('stays on its connection once that holds state', async () => {
    const client = await pool.connect()
    await client.query(`set application_name = 'checkout test'`)
    await client.query('create temporary table scratch (id int)')
    await client.query('listen news')
    await client.query('insert into scratch values (1)')
    expect((await client.query('select id from scratch')).rows).toEqual([{ id: 1 }])
    expect((await client.query('show application_name')).rows).toEqual([
      { application_name: 'checkout test' },
    ])
    await client.query('select 1 from items')
    expect(sent()).toEqual([7, 0])
    client.release(true)
  })

  it('keeps the order of calls that are not awaited', async () => {
    const client = await pool.connect()
    const order: number[] = []
    const calls = [
      'select 1 from items',
      'begin',
      `update items set label = 'x' where id = 3`,
      'select label from items where id = 3',
      'rollback',
      'select label from items where id = 3',
    ].map((sql, index) =>
      client.query<{ label: string }>(sql).then(({ rows }) => (order.push(index), rows[0]?.label)),
    )
    const labels = await Promise.all(calls)
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
    expect([labels[3], labels[5]]).toEqual(['x', 'item 3'])
    client.release()
  })

  it('hands cursors to one connection', async () => {
    const client = await pool.connect()
    const cursor = client.query(new Cursor<{ id: number }>('select id from items order by id'))
    expect((await cursor.read(3)).map(({ id }) => id)).toEqual([1, 2, 3])
    expect((await cursor.read(2)).map(({ id }) => id)).toEqual([4, 5])
    await cursor.close()
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
  })

  it('hears notifications', async () => {
    const client = await pool.connect()
    const heard = new Promise((resolve) => client.on('notification', resolve))
    await client.query('listen news')
    await pool.query(`notify news, 'hello'`)
    expect(await heard).toMatchObject({ channel: 'news', payload: 'hello' })
    client.release(true)
  })

  it('refuses a second release, and a query behind the first, in the words of node-postgres', async () => {
    const client = await pool.connect()
    client.release()
    expect(() => client.release()).toThrow(
      'Release called on client which has already been released to the pool.',
    )
    await expect(client.query('select 1')).rejects.toThrow('Client was closed and is not queryable')
  })

  it('comes by callback too, with a release that is the client’s own', async () => {
    await new Promise<void>((resolve, reject) => {
      pool.connect((error, client, done) => {
        if (client === undefined) return reject(error ?? new Error('no client'))
        expect(done).toBe(client.release)
        client.query('select 1 as one', (queryError: Error, result) => {
          done()
          if (queryError) return reject(queryError)
          expect(result.rows).toEqual([{ one: 1 }])
          resolve()
        })
      })
    })
    expect(pool.totalCount).toBe(pool.idleCount)
  })

  it('survives an error of the client’s own making', async () => {
    const client = await pool.connect()
    await client.query('begin')
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    await expect(client.query('select $1::json', [circular])).rejects.toThrow(/circular/i)
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await client.query('commit')
    client.release()
  })

  it('gives its connection back, and all of them are idle in the end', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => pool.connect()))
    await Promise.all(clients.map((client) => client.query('update items set label = label where id = 9')))
    expect(pool.totalCount - pool.idleCount).toBe(10)
    for (const client of clients) client.release()
    expect(pool.totalCount - pool.idleCount).toBe(0)
    expect(pool.waitingCount).toBe(0)
  })

  it('closes the connection at once when it is released with an error, though a statement runs', async () => {
    const client = await pool.connect()
    const running = client.query('do $$ begin perform pg_sleep(30); end $$')
    await until('it runs', () => client.getTransactionStatus() === 'I' && sent()[0] === 1)
    client.release(new Error('enough'))
    await expect(running).rejects.toThrow('Connection terminated')
    expect(pool.totalCount - pool.idleCount).toBe(0)
  })

  it('runs nothing more when it is released with an error before it has a connection', async () => {
    const client = await pool.connect()
    const waiting = [
      client.query('create table never (id int)'),
      client.query('create table nor_this (id int)'),
    ]
    client.release(true)
    const outcomes = await Promise.allSettled(waiting)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(
      await ask(cluster.primary.config, `select to_regclass('never') as a, to_regclass('nor_this') as b`),
    ).toEqual([{ a: null, b: null }])
  })

  it('goes on behind a callback that throws', async () => {
    const client = await pool.connect()
    const caught = new Promise((resolve) => process.once('uncaughtException', resolve))
    const others = process.listeners('uncaughtException').slice(0, -1)
    for (const other of others) process.removeListener('uncaughtException', other)
    client.query('select 1 from items', () => {
      throw new Error('thrown in a callback')
    })
    expect(await caught).toMatchObject({ message: 'thrown in a callback' })
    for (const other of others) process.on('uncaughtException', other)
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
  })

  it('passes the callback on to a query object', async () => {
    const client = await pool.connect()
    const rows = await new Promise((resolve, reject) => {
      const query = new Query('select 1 as one')
      Reflect.apply(client.query, client, [
        query,
        (error: Error | null, result: { rows: unknown[] }) => (error ? reject(error) : resolve(result.rows)),
      ])
    })
    expect(rows).toEqual([{ one: 1 }])
    client.release()
  })

  it('judges what it sends, though the caller changes the object meanwhile', async () => {
    const config = { text: 'select id from items order by id limit 1', values: [] as unknown[] }
    const answer = pool.query(config)
    config.text = 'delete from items'
    expect((await answer).rows).toEqual([{ id: 1 }])
    const again = Object.freeze({ text: 'select 2 as two' })
    for (let i = 0; i < 2; i++) expect((await pool.query(again)).rows).toEqual([{ two: 2 }])
  })

  it('takes null for no callback', async () => {
    expect(await Reflect.apply(pool.query, pool, ['select 1 as one', [], null])).toMatchObject({
      rows: [{ one: 1 }],
    })
    const client = (await Reflect.apply(pool.connect, pool, [null])) as PoolClient
    client.release()
  })
})
