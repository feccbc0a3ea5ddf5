import { once } from 'node:events'
import pg from 'pg'
import Cursor from 'pg-cursor'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client, wrapPg, Pool, type ClientOptions, type PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// The ways to have a client: held from the start, constructed by itself, and on the primary only.

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(50))
})

afterAll(async () => {
  await cluster.stop()
})

const READ = 'select id from items order by id limit 1'
/** Told apart from others by what the server says. */
const WHERE = 'select pg_is_in_recovery() as is, id from items limit 1'
const held = (): number => pool.primary.totalCount - pool.primary.idleCount
const reads = (): number[] => pool.stats().nodes.map((node) => node.reads)

describe('a client that is checked out eagerly', () => {
  const open = (options: PoolOptions = {}): Pool =>
    poolOver(cluster, { checkout: 'eager', probeIntervalMs: 100, ...options })

  afterEach(async () => {
    await pool.end()
  })

  it('holds a connection to the primary from the start, and reads from replicas all the same', async () => {
    pool = open()
    await replicasReady(pool)
    const client = await pool.connect()
    expect(held()).toBe(1)
    const pid: unknown = Reflect.get(client, 'processID')
    expect(typeof pid).toBe('number')
    await client.query(READ)
    expect(reads()).toEqual([0, 1])
    expect((await client.query('select pg_backend_pid() as pid')).rows).toEqual([{ pid }])
    client.release()
    expect(held()).toBe(0)
  })

  it('waits for a connection as with pg.Pool, and says so in its words', async () => {
    pool = open({ max: 1, connectionTimeoutMillis: 200 })
    await replicasReady(pool)
    const client = await pool.connect()
    await expect(pool.connect()).rejects.toThrow('timeout exceeded when trying to connect')
    client.release()
    const next = await pool.connect()
    next.release()
  })

  it('reads over its own connection when no replica is there, though that is the last one', async () => {
    pool = open({ max: 1 })
    await replicasReady(pool)
    pool.setNodes([{ ...cluster.primary.config }])
    await until('only the primary is left', () => pool.stats().nodes.length === 1)
    const client = await pool.connect()
    expect((await client.query(WHERE)).rows).toEqual([{ is: false, id: 1 }])
    expect((await client.query(READ)).rows).toEqual([{ id: 1 }])
    client.release()
  })
})

describe('a client that is never released', () => {
  it('is reported, with the place of its checkout', async () => {
    pool = poolOver(cluster, { leakWarningMs: 30 })
    const told = once(pool.events, 'clientLeaked')
    const client = await pool.connect()
    const [{ heldMs, stack }] = (await told) as [{ heldMs: number; stack: string }]
    expect(heldMs).toBe(30)
    expect(stack).toContain('clients.test.ts')
    client.release()
    await pool.end()
  })

  it('is reported without replicas too, and one that was released is not', async () => {
    pool = new Pool({ ...cluster.primary.config, leakWarningMs: 30 })
    const told = once(pool.events, 'clientLeaked')
    const quick = await pool.connect()
    quick.release()
    await pool.query('select pg_sleep(0.05)')
    const client = await pool.connect()
    const [{ stack }] = (await told) as [{ stack: string }]
    expect(stack).toContain('clients.test.ts')
    client.release()
    await pool.end()
  })
})

describe('the view of the primary', () => {
  beforeEach(async () => {
    pool = poolOver(cluster, { probeIntervalMs: 100 })
    await replicasReady(pool)
  })

  afterEach(async () => {
    if (!pool.ended) await pool.end()
  })

  it('runs everything there, and the pool reads what was written', async () => {
    const view = pool.primary
    expect((await view.query(READ)).rows).toEqual([{ id: 1 }])
    expect(reads()).toEqual([1, 0])
    await cluster.replicas[0]?.pauseReplay()
    try {
      await view.query(`insert into items values (100, 'by a tool')`)
      expect((await pool.query('select label from items where id = 100')).rows).toEqual([
        { label: 'by a tool' },
      ])
    } finally {
      await cluster.replicas[0]?.resumeReplay()
      await view.query('delete from items where id = 100')
    }
  })

  it('hands out clients as pg.Pool does, by promise and by callback', async () => {
    const view = pool.primary
    const told: string[] = []
    for (const name of ['connect', 'acquire', 'release'] as const) view.on(name, () => told.push(name))
    const client = await view.connect()
    expect(client).toBeInstanceOf(pg.Client)
    await client.query('begin')
    await client.query('select 1')
    expect(client.getTransactionStatus()).toBe('T')
    await client.query('commit')
    const cursor = client.query(new Cursor<{ id: number }>(READ))
    expect(await cursor.read(1)).toEqual([{ id: 1 }])
    await cursor.close()
    expect(reads()[1]).toBe(0)
    client.release()
    expect(() => client.release()).toThrow('Release called on client which has already been released')
    await new Promise<void>((resolve, reject) => {
      view.connect((error, given, done) => {
        if (error) return reject(error)
        expect(given).toBe(client)
        done()
        resolve()
      })
    })
    expect(told).toEqual(['connect', 'acquire', 'release', 'acquire', 'release'])
  })

  it.each(['connect', 'acquire'] as const)('ends though a listener of %s has thrown', async (name) => {
    const view = pool.primary
    view.once(name, () => {
      throw new Error('thrown by a listener')
    })
    await expect(view.connect()).rejects.toThrow('thrown by a listener')
    const client = await view.connect()
    client.release()
    await view.end()
    await pool.end()
  })

  it('ends by itself, and the pool goes on', async () => {
    const view = pool.primary
    const client = await view.connect()
    const ended = view.end()
    await expect(view.query('select 1')).rejects.toThrow('Cannot use a pool after calling end on the pool')
    client.release()
    await ended
    expect([view.ended, pool.ending]).toEqual([true, false])
    await expect(view.end()).rejects.toThrow('Called end on pool more than once')
    expect((await pool.query(READ)).rows).toEqual([{ id: 1 }])
    await pool.end()
    await expect(pool.end()).rejects.toThrow('Called end on pool more than once')
  })

  it('is there without replicas too', async () => {
    await pool.end()
    pool = new Pool({ ...cluster.primary.config })
    expect((await pool.primary.query(READ)).rows).toEqual([{ id: 1 }])
    expect(pool.primary.totalCount).toBe(1)
    await pool.primary.end()
    expect((await pool.query(READ)).rows).toEqual([{ id: 1 }])
  })
})

describe('a Client', () => {
  const options = (more: ClientOptions = {}): ClientOptions => ({
    ...cluster.primary.config,
    replicas: cluster.replicas.map((node) => node.config),
    logger: false,
    probeIntervalMs: 100,
    application_name: 'clients under test',
    ...more,
  })
  const connections = async (): Promise<number> => {
    const sql = `select count(*)::int as n from pg_stat_activity where application_name = 'clients under test'`
    const [row] = (await ask(cluster.primary.config, sql)) as { n: number }[]
    return row?.n ?? 0
  }
  /** Until the client reads from the replica: by then the database is known. */
  const routes = (client: Client): Promise<void> =>
    until('it reads from a replica', async () => {
      expect((await client.query(READ)).rows).toEqual([{ id: 1 }])
      const asked = `select 1 from pg_stat_activity where application_name = 'clients under test' and query = '${READ}'`
      return (await ask(cluster.replicas[0]?.config ?? {}, asked)).length > 0
    })

  it('routes, and several of one configuration watch one cluster', async () => {
    const clients = Array.from(
      { length: 5 },
      // As Sequelize does: type parsers that are made anew each time.
      () => new Client(options({ types: { getTypeParser: (...args) => pg.types.getTypeParser(...args) } })),
    )
    for (const client of clients) {
      expect(client).toBeInstanceOf(pg.Client)
      expect(client.getTransactionStatus()).toBeNull()
      expect(await client.connect()).toBe(client)
    }
    for (const client of clients) await routes(client)
    const probes = `select 1 from pg_stat_activity where application_name = 'pg-switchyard monitor'`
    // What was asked about the database was asked over a connection that closes behind it.
    await until('one is left', async () => (await ask(cluster.primary.config, probes)).length === 1)
    await Promise.all(clients.map((client) => client.query('begin')))
    expect(clients.map((client) => client.getTransactionStatus())).toEqual(['T', 'T', 'T', 'T', 'T'])
    await Promise.all(clients.map((client) => client.query('rollback')))
    const ends = clients.map((client) => once(client, 'end'))
    for (const client of clients) await client.end()
    await Promise.all(ends)
    await until('nothing is left', async () => (await connections()) === 0)
  })

  it('runs what was asked before it was connected', async () => {
    const client = new Client(options())
    const early = client.query('select 1 as one')
    const connected = once(client, 'connect')
    await new Promise<void>((resolve, reject) => {
      client.connect((error: Error | null) => (error ? reject(error) : resolve()))
    })
    await connected
    expect((await early).rows).toEqual([{ one: 1 }])
    await expect(client.connect()).rejects.toThrow('Client has already been connected')
    await routes(client)
    await client.end()
    await client.end()
    await expect(client.query('select 1')).rejects.toThrow('Client was closed and is not queryable')
    await expect(client.connect()).rejects.toThrow('Client has already been connected')
  })

  it('that is ended before it was connected leaves nothing, and answers what was asked', async () => {
    const client = new Client(options())
    let ends = 0
    client.on('end', () => (ends += 1))
    const early = client.query('select 1 as one')
    const [outcome] = await Promise.allSettled([early, client.end()])
    expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'Connection terminated' } })
    expect(ends).toBe(0)
    await expect(client.query('select 1')).rejects.toThrow('Client was closed and is not queryable')
    // Who comes next watches anew: the cluster of the one before was left, and would not answer any more.
    const next = new Client(options())
    await next.connect()
    expect((await next.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await next.end()
  })

  it('tells what the server says of itself to who listens', async () => {
    const client = new Client(options())
    const told = new Map<string, string>()
    client.connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) =>
      told.set(message.parameterName, message.parameterValue),
    )
    await client.connect()
    expect(told.get('server_version')).toMatch(/^\d+/)
    expect(told.get('standard_conforming_strings')).toBe('on')
    await client.end()
  })

  it('that holds its connection from the start knows its backend', async () => {
    const client = new Client(options({ checkout: 'eager' }))
    await client.connect()
    const { rows } = await client.query('select pg_backend_pid() as pid')
    expect(rows).toEqual([{ pid: Reflect.get(client, 'processID') }])
    await client.end()
  })

  it('is cut by its stream, and can be ended', async () => {
    const client = new Client(options())
    await client.connect()
    await client.query('begin')
    const running = client.query('select pg_sleep(30)')
    await until(
      'it runs',
      async () =>
        (
          await ask(
            cluster.primary.config,
            `select 1 from pg_stat_activity where query = 'select pg_sleep(30)' and state = 'active'`,
          )
        ).length === 1,
    )
    client.connection.stream.destroy()
    await expect(running).rejects.toThrow('Connection terminated')
    await client.end()
  })

  it('without an answering server fails to connect, and takes nothing', async () => {
    const nowhere = { host: '127.0.0.1', port: 1 }
    const client = new Client(options({ ...nowhere, replicas: [{ host: '127.0.0.1', port: 2 }] }))
    const early = client.query('select 1')
    const [connected, asked] = await Promise.allSettled([client.connect(), early])
    expect(connected).toMatchObject({ status: 'rejected', reason: { code: 'SWITCHYARD_NO_PRIMARY' } })
    expect(asked.status).toBe('rejected')
    await expect(client.query('select 1')).rejects.toThrow(
      'Client has encountered a connection error and is not queryable',
    )
    await client.end()
  })

  it.each([
    ['without replicas', () => new Client({ ...cluster.primary.config })],
    ['with what was given beforehand', () => new (wrapPg(pg, cluster.primary.config).Client)()],
  ])('%s is a pg.Client', async (_how, make) => {
    const client = make()
    await client.connect()
    expect(typeof Reflect.get(client, 'processID')).toBe('number')
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(client.getTransactionStatus()).toBe('I')
    await client.end()
  })
})
