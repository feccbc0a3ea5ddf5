import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// Another process changes the database, and replicas learn of it late: what they do not know yet is no error.

let cluster: Cluster
let columns = 0

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(20),
    `create type mood as enum ('calm');
     create table moods (mood mood);
     create table secrets (id int);
     create table divisors (id int, by int); insert into divisors values (1, 0);
     create role app login password 'app'; grant select on items, moods, divisors to app`,
  )
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { probeIntervalMs: 100 })
const replica = (): Cluster['replicas'][number] => cluster.replicas[0] as Cluster['replicas'][number]

/** Runs `fn` while the replica has not replayed `change`, which another process has made. */
async function unseen<T>(change: string, fn: () => Promise<T>): Promise<T> {
  await replica().pauseReplay()
  try {
    await ask(cluster.primary.config, change)
    return await fn()
  } finally {
    await replica().resumeReplay()
    await cluster.caughtUp()
  }
}

/** Adds a column that the replica does not have while `fn` runs. */
function withNewColumn<T>(fn: (column: string) => Promise<T>): Promise<T> {
  const column = `extra_${(columns += 1)}`
  return unseen(`alter table items add ${column} int default 7`, () => fn(column))
}

const newColumnOf = (column: string): string => `select ${column} as seven from items where id = 1`

describe('a read that a replica behind the primary fails', () => {
  it.each([
    ['42703', 'alter table items add added int default 1', 'select added from items where id = 1'],
    ['42703', 'alter table items rename label to name', 'select name from items where id = 1'],
    ['22P02', "alter type mood add value 'wild'", "select count(*) from moods where mood = 'wild'"],
    ['42501', 'grant select on secrets to app', 'select count(*) from secrets'],
    ['22012', 'update divisors set by = 1', 'select 1 / by from divisors'],
  ])('is answered by the primary: %s after %s', async (code, change, sql) => {
    const app = { user: 'app', password: 'app' }
    const replicas = cluster.replicas.map((node) => ({ ...node.config, ...app }))
    const pool = await open({ ...app, replicas })
    await unseen(change, async () => {
      await expect(ask({ ...replica().config, ...app }, sql)).rejects.toMatchObject({ code })
      const tally = new Tally(pool)
      const { rows } = await pool.query(sql)
      expect(rows).toHaveLength(1)
      expect(tally.queries()[0]).toBe(1)
    })
  })

  it.each<[string, PoolOptions, object]>([
    ['by default', {}, {}],
    ['although a replica was asked for', {}, { route: 'replica' }],
    ['with eventual consistency', { consistency: 'eventual' }, {}],
    ['on a lane', { lanes: { perNode: 1 } }, {}],
    ['in a tier', { tiers: { fast: { share: 0.5 }, default: { share: 0.5 } } }, { tier: 'fast' }],
  ])('%s', async (_name, options, request) => {
    const pool = await open(options)
    await withNewColumn(async (column) => {
      const { rows } = await pool.query({ text: newColumnOf(column), ...request })
      expect(rows).toEqual([{ seven: 7 }])
    })
  })

  it('behind an address of several servers', async () => {
    const pool = new Pool({
      ...cluster.primary.config,
      replicas: [{ ...replica().config, balanced: true }],
      logger: false,
    })
    await replicasReady(pool)
    await withNewColumn(async (column) => {
      expect((await pool.query(newColumnOf(column))).rows).toEqual([{ seven: 7 }])
    })
    await pool.end()
  })

  it('over a client, with and without a connection to the primary', async () => {
    const pool = await open()
    const client = await pool.connect()
    await withNewColumn(async (column) => {
      expect((await client.query(newColumnOf(column))).rows).toEqual([{ seven: 7 }])
    })
    await client.query('select pg_backend_pid(), 1 from items limit 1')
    await withNewColumn(async (column) => {
      expect((await client.query(newColumnOf(column))).rows).toEqual([{ seven: 7 }])
    })
    client.release()
  })

  it('in a session, whose next reads show what the primary has shown', async () => {
    const pool = await open({ catchUpTimeoutMs: 20 })
    await withNewColumn((column) =>
      pool.withSession(async () => {
        await pool.query('select 1 from items')
        expect((await pool.query(newColumnOf(column))).rows).toEqual([{ seven: 7 }])
        expect((await pool.query(newColumnOf(column))).rows).toEqual([{ seven: 7 }])
      }),
    )
  })

  it('as a cursor or a stream', async () => {
    const pool = await open()
    await withNewColumn(async (column) => {
      const client = await pool.connect()
      const cursor = client.query(new Cursor(newColumnOf(column)))
      expect(await cursor.read(10)).toEqual([{ seven: 7 }])
      await cursor.close()
      const stream = client.query(new QueryStream(newColumnOf(column)))
      expect(await stream.toArray()).toEqual([{ seven: 7 }])
      client.release()
    })
    expect(pool.totalCount).toBe(pool.idleCount)
  })
})

it.each(['cursor', 'stream'])(
  'a %s moves as long as no row has come, though its columns have',
  async (kind) => {
    const pool = await open()
    await ask(cluster.primary.config, 'update divisors set by = 0')
    await cluster.caughtUp()
    await unseen('update divisors set by = 1', async () => {
      const sql = 'select 1 / by as one from divisors'
      await expect(ask(replica().config, sql)).rejects.toMatchObject({ code: '22012' })
      const client = await pool.connect()
      if (kind === 'cursor') {
        const cursor = client.query(new Cursor(sql))
        expect(await cursor.read(10)).toEqual([{ one: 1 }])
        await cursor.close()
      } else {
        expect(await client.query(new QueryStream(sql)).toArray()).toEqual([{ one: 1 }])
      }
      client.release()
    })
    expect(pool.totalCount).toBe(pool.idleCount)
  },
)

describe('an error of the application', () => {
  it('is told by the replica that has caught up, and the primary does not run the statement', async () => {
    const pool = await open()
    const tally = new Tally(pool)
    const asked = Array.from({ length: 200 }, () => pool.query('select $1::int', ['x']))
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected')
    const [onPrimary, onReplica] = tally.queries()
    expect(onReplica).toBe(200)
    // The server writes to its log by itself now and then.
    expect(onPrimary).toBeLessThan(100)
  })

  it('is told although the primary is not there', async () => {
    const pool = await open()
    await cluster.primary.stop('immediate')
    await until('the primary is down', () => pool.stats().nodes[0]?.state === 'down')
    await expect(pool.query('select nothing from items')).rejects.toMatchObject({ code: '42703' })
    await cluster.primary.start()
  })
})

describe('a read-only transaction on a replica behind the primary', () => {
  it('begins once more on the primary when its first statement fails', async () => {
    const pool = await open()
    await withNewColumn(async (column) => {
      const client = await pool.connect()
      await client.query('begin read only isolation level repeatable read')
      await client.query("set local statement_timeout = '8s'")
      expect((await client.query(newColumnOf(column))).rows).toEqual([{ seven: 7 }])
      expect((await client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '8s' }])
      expect((await client.query('show transaction_isolation')).rows).toEqual([
        { transaction_isolation: 'repeatable read' },
      ])
      const write = client.query("insert into items values (100, '')")
      await expect(write).rejects.toMatchObject({ code: '25006' })
      expect(client.getTransactionStatus()).toBe('E')
      await client.query('rollback')
      expect(client.getTransactionStatus()).toBe('I')
      client.release()
    })
    expect(pool.totalCount).toBe(pool.idleCount)
  })

  it('fails with a retryable error when it has shown something, and succeeds when it is run again', async () => {
    const pool = await open({ catchUpTimeoutMs: 20 })
    await withNewColumn(async (column) => {
      const seen = await pool.transaction(
        async (client) => {
          await client.query('select 1 from items')
          return (await client.query(newColumnOf(column))).rows
        },
        { readOnly: true, retries: 1 },
      )
      expect(seen).toEqual([{ seven: 7 }])
    })
  })

  it('fails by itself where the replica has caught up', async () => {
    const pool = await open()
    const client = await pool.connect()
    const tally = new Tally(pool)
    await client.query('begin read only')
    const failed = client.query('select nothing from items')
    await expect(failed).rejects.toMatchObject({ code: '42703' })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    expect(client.getTransactionStatus()).toBe('E')
    await client.query('rollback')
    client.release()
    expect(tally.queries()[0]).toBe(0)
  })
})
