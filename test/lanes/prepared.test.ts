import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import { ShapeBook } from '../../src/nodes/shape-book.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

const BY_ID = 'select * from goods where id = $1'
const RARE = 'select id from skewed where v = $1 order by id limit 1'

let cluster: Cluster
let pool: Pool
/** Connections to the replica. */
let clients: PoolClient[]

beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  const { config } = cluster.primary
  await ask(config, 'drop table if exists goods')
  await ask(config, 'create table goods (id int primary key, label text not null)')
  await ask(config, "insert into goods select g, 'item ' || g from generate_series(1, 100) g")
  await cluster.caughtUp()
})

afterEach(() => pool.end())

async function open(options: PoolOptions = {}): Promise<void> {
  pool = poolOver(cluster, { consistency: 'eventual', max: 1, ...options })
  clients = []
  const port = cluster.replicas[0]?.config.port
  pool.on('connect', (client: PoolClient) => {
    if (Reflect.get(client, 'port') === port) clients.push(client)
  })
  await replicasReady(pool)
}

async function times(count: number, text: string, values: unknown[] = [1]): Promise<void> {
  for (let i = 0; i < count; i++) await pool.query(text, values)
}

/** Texts that the replica's servers have prepared. */
async function prepared(): Promise<{ name: string; statement: string; generic: number }[]> {
  const sql =
    'select name, statement, generic_plans::int as generic from pg_prepared_statements order by prepare_time'
  const answers = await Promise.all(clients.map((client) => client.query({ text: sql })))
  return answers.flatMap(({ rows }) => rows as { name: string; statement: string; generic: number }[])
}

/** Either way: each read over a lease, and over lanes. */
describe.each<[name: string, options: PoolOptions]>([
  ['over leases', { max: 1 }],
  ['over lanes', { max: 4 }],
])('a text that comes again and again, %s', (_name, options) => {
  it('is prepared, by a name of our own', async () => {
    await open(options)
    await times(3, BY_ID)
    expect(await prepared()).toEqual([])
    await times(40, BY_ID)
    const names = await prepared()
    expect(names.length).toBeGreaterThan(0)
    for (const { name, statement } of names) {
      expect(name).toMatch(/^switchyard_/)
      expect(statement).toBe(BY_ID)
    }
  })

  it('cached plan must not change result type: is prepared anew, and nobody hears of it', async () => {
    await open(options)
    await times(40, BY_ID)
    await ask(cluster.primary.config, 'alter table goods add column price int not null default 7')
    await cluster.caughtUp()
    for (let i = 0; i < 40; i++) {
      const { rows } = await pool.query(BY_ID, [2])
      expect(rows).toEqual([{ id: 2, label: 'item 2', price: 7 }])
    }
  })

  it('DISCARD ALL and DEALLOCATE ALL by somebody else: runs all the same', async () => {
    await open(options)
    for (const text of ['discard all', 'deallocate all', 'discard all']) {
      await times(40, BY_ID)
      await Promise.all(clients.map((client) => client.query({ text })))
      expect((await pool.query(BY_ID, [3])).rows).toEqual([{ id: 3, label: 'item 3' }])
    }
  })

  it('whose name the server knows from somebody else, as behind a pooler: runs under that', async () => {
    await open(options)
    const { name } = new ShapeBook(5).of(BY_ID)
    await pool.query(BY_ID, [1])
    await Promise.all(clients.map((client) => client.query({ text: `prepare ${name} as ${BY_ID}` })))
    await times(40, BY_ID)
    expect((await pool.query(BY_ID, [4])).rows).toEqual([{ id: 4, label: 'item 4' }])
  })

  it('whose first Parse fails, pipelined: followers get its error, and not 26000', async () => {
    await open(options)
    await times(4, BY_ID)
    await ask(cluster.primary.config, 'alter table goods rename to gone')
    await cluster.caughtUp()
    const failing = await Promise.allSettled(Array.from({ length: 40 }, () => pool.query(BY_ID, [1])))
    const codes = new Set(
      failing.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'none')),
    )
    expect([...codes]).toEqual(['42P01'])
    await ask(cluster.primary.config, 'alter table gone rename to goods')
    await cluster.caughtUp()
    await times(20, BY_ID)
  })

  it('named statement, throwing toPostgres: the next ones run', async () => {
    await open(options)
    await times(20, BY_ID)
    const broken = {
      toPostgres(): never {
        throw new Error('no such value')
      },
    }
    for (let i = 0; i < 3; i++) {
      await expect(pool.query(BY_ID, [broken])).rejects.toThrow('no such value')
      expect((await pool.query(BY_ID, [5])).rows).toEqual([{ id: 5, label: 'item 5' }])
    }
  })

  it('named statement, skewed column: goes back when its generic plan is slower', async () => {
    const { config } = cluster.primary
    await ask(config, 'create table if not exists skewed (id int primary key, v int not null)')
    // The value that is asked for is as rare as others are common, and the last one on the way that is good for those.
    const values = 'select g, case when g = 200000 then 777 else g % 20 end from generate_series(1, 200000) g'
    await ask(config, `insert into skewed ${values} on conflict do nothing`)
    await ask(config, 'create index if not exists skewed_v on skewed (v)')
    await ask(config, 'vacuum analyze skewed')
    await cluster.caughtUp()
    await open(options)
    await times(60, RARE, [777])
    const before = await prepared()
    expect(before.some(({ generic }) => generic > 0)).toBe(true)
    await times(60, RARE, [777])
    const generic = (rows: typeof before): number => rows.reduce((sum, row) => sum + row.generic, 0)
    expect(generic(await prepared()) - generic(before)).toBeLessThan(20)
  })
})

describe('a write that comes again and again', () => {
  const PUT = 'update goods set label = $2 where id = $1 returning *'

  /** Connections to the primary. */
  async function openWriting(): Promise<PoolClient[]> {
    pool = poolOver(cluster, { consistency: 'eventual', max: 1 })
    const writers: PoolClient[] = []
    pool.on('connect', (client: PoolClient) => {
      if (Reflect.get(client, 'port') === cluster.primary.config.port) writers.push(client)
    })
    await replicasReady(pool)
    for (let i = 0; i < 8; i++) await pool.query(PUT, [1, `label ${i}`])
    return writers
  }

  async function namesOn([client]: readonly PoolClient[]): Promise<unknown[]> {
    const answer = await client?.query<{ statement: string }>('select statement from pg_prepared_statements')
    return answer?.rows.map(({ statement }) => statement) ?? []
  }

  it('is prepared, outside of transactions', async () => {
    const writers = await openWriting()
    expect(await namesOn(writers)).toEqual([PUT])
    const { rows, command, rowCount } = await pool.query(PUT, [1, 'last'])
    expect({ rows, command, rowCount }).toEqual({
      rows: [{ id: 1, label: 'last' }],
      command: 'UPDATE',
      rowCount: 1,
    })
  })

  it.each([
    [
      'a DDL has changed what it answers with',
      'alter table goods add column price int default 7',
      { price: 7 },
    ],
    ['somebody has deallocated its name', 'deallocate all', {}],
  ])('%s: it runs once, and nobody hears of it', async (_name, meanwhile, more) => {
    const writers = await openWriting()
    await ask(cluster.primary.config, 'alter table goods add column times int not null default 0')
    const count = 'update goods set times = times + 1 where id = $1 returning *'
    for (let i = 0; i < 8; i++) await pool.query(count, [3])
    expect(await namesOn(writers)).toContain(count)
    await writers[0]?.query(meanwhile)
    const { rows } = await pool.query(count, [3])
    expect(rows).toEqual([{ id: 3, label: 'item 3', times: 9, ...more }])
  })

  it('fails within a function as if its name were lost: the error is its own, and it is not sent again', async () => {
    await openWriting()
    const { config } = cluster.primary
    await ask(config, 'drop sequence if exists attempts; create sequence attempts')
    await ask(
      config,
      `create or replace function refuse() returns trigger language plpgsql as
       $$ begin perform nextval('attempts'); raise exception 'no' using errcode = '26000'; end $$`,
    )
    const put = 'insert into goods values ($1, $2)'
    for (let i = 0; i < 8; i++) await pool.query(put, [1000 + i, 'new'])
    await ask(config, 'create trigger refuse before insert on goods execute function refuse()')
    await expect(pool.query(put, [2000, 'new'])).rejects.toMatchObject({ code: '26000', message: 'no' })
    expect(await ask(config, 'select last_value::int as n, is_called from attempts')).toEqual([
      { n: 1, is_called: true },
    ])
  })

  it('without values is answered with what a rule selects beside it, each time', async () => {
    await openWriting()
    const { config } = cluster.primary
    await ask(config, 'create rule told as on insert to goods do also select 42 as told')
    const put = "insert into goods select max(id) + 1, 'new' from goods"
    for (let i = 0; i < 16; i++) {
      expect((await pool.query(put)).rows).toEqual([{ told: 42 }])
    }
  })

  it('a DDL in the transaction that pool.query has begun: goes on in it', async () => {
    await openWriting()
    await pool.query('begin')
    await pool.query('alter table goods add column price int default 7')
    expect((await pool.query(PUT, [1, 'last'])).rows).toEqual([{ id: 1, label: 'last', price: 7 }])
    await pool.query('commit')
    expect(await ask(cluster.primary.config, 'select label from goods where id = 1')).toEqual([
      { label: 'last' },
    ])
  })

  it('is not prepared when it leaves something on its connection', async () => {
    const writers = await openWriting()
    const put = 'update goods set label = $2 where id = $1 and pg_try_advisory_lock(1)'
    for (let i = 0; i < 8; i++) await pool.query(put, [1, 'label'])
    expect(await namesOn(writers)).toEqual([PUT])
  })
})

describe('names', () => {
  it('are bounded for each connection: the least recently used goes, by an ordinary DEALLOCATE', async () => {
    await open({ prepare: { after: 2, max: 3 } })
    const texts = Array.from(
      { length: 8 },
      (_unused, i) => `select id as c${'x'.repeat(i)} from goods where id = $1`,
    )
    for (const text of texts) await times(5, text)
    const kept = await prepared()
    expect(kept.length).toBeLessThanOrEqual(4)
    expect(kept.at(-1)?.statement).toBe(texts.at(-1))
  })

  it('are given to no text of which there are many variants', async () => {
    await open()
    for (let round = 0; round < 10; round++) {
      for (let id = 1; id <= 30; id++) await pool.query(`select label from goods where id = ${id}`)
    }
    expect((await prepared()).length).toBeLessThanOrEqual(16)
  })

  it('with prepare: false are given to nothing', async () => {
    await open({ prepare: false })
    await times(40, BY_ID)
    expect(await prepared()).toEqual([])
  })

  it('of the application are its own business', async () => {
    await open()
    for (let i = 0; i < 20; i++) await pool.query({ name: 'mine', text: BY_ID, values: [1] })
    await until('it is there', async () => (await prepared()).length > 0)
    expect((await prepared()).map(({ name }) => name)).toEqual(['mine'])
  })
})
