import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

const BY_ID = 'select * from goods where id = $1'
const RARE = 'select id from skewed where v = $1 order by id limit 1'

let cluster: Cluster
let pool: Pool
/** Connections to the replica. */
let clients: PoolClient[]

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  const { config } = cluster.primary
  // The value that is asked for is as rare as others are common, and the last one on the way that is good for those.
  const values = 'select g, case when g = 200000 then 777 else g % 20 end from generate_series(1, 200000) g'
  await ask(config, `create table skewed (id, v) as ${values}`)
  await ask(config, 'alter table skewed add primary key (id); create index skewed_v on skewed (v)')
  await ask(config, 'vacuum analyze skewed')
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

/** Names are given once the replica has been asked for its schema. */
async function warm(text: string, values: unknown[], isWarm: () => Promise<boolean>): Promise<void> {
  await until('it is warm', async () => {
    await times(10, text, values)
    return isWarm()
  })
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
    await warm(BY_ID, [1], async () => (await prepared()).length > 0)
    const names = await prepared()
    for (const { name, statement } of names) {
      expect(name).toMatch(/^switchyard_/)
      expect(statement).toBe(BY_ID)
    }
  })

  it('cached plan must not change result type: is prepared again, without an error', async () => {
    await open(options)
    await warm(BY_ID, [1], async () => (await prepared()).length > 0)
    await ask(cluster.primary.config, 'alter table goods add column price int not null default 7')
    await cluster.caughtUp()
    for (let i = 0; i < 40; i++) {
      const { rows } = await pool.query(BY_ID, [2])
      expect(rows).toEqual([{ id: 2, label: 'item 2', price: 7 }])
    }
  })

  it('DISCARD ALL and DEALLOCATE ALL by another client: still runs', async () => {
    await open(options)
    await warm(BY_ID, [1], async () => (await prepared()).length > 0)
    for (const text of ['discard all', 'deallocate all', 'discard all']) {
      await times(40, BY_ID)
      await Promise.all(clients.map((client) => client.query({ text })))
      expect((await pool.query(BY_ID, [3])).rows).toEqual([{ id: 3, label: 'item 3' }])
    }
  })

  it('with a name that the server knows from another process, as behind a pooler: runs under that', async () => {
    await open(options)
    await warm(BY_ID, [1], async () => (await prepared()).length > 0)
    const [{ name } = { name: '' }] = await prepared()
    await pool.end()
    await open(options)
    await pool.query(BY_ID, [1])
    await Promise.all(clients.map((client) => client.query({ text: `prepare ${name} as ${BY_ID}` })))
    await times(40, BY_ID)
    expect((await pool.query(BY_ID, [4])).rows).toEqual([{ id: 4, label: 'item 4' }])
  })

  it('with a failing first Parse, pipelined: followers get its error, and not 26000', async () => {
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
    await open(options)
    await warm(RARE, [777], async () => (await prepared()).some(({ generic }) => generic > 0))
    const generic = async (): Promise<number> => (await prepared()).reduce((sum, row) => sum + row.generic, 0)
    // On a busy machine the times of its plans say little at first.
    await until('it has gone back', async () => {
      const before = await generic()
      await times(60, RARE, [777])
      return (await generic()) - before < 20
    })
  })
})

describe('names', () => {
  it('are bounded for each connection: the least recently used goes, by an ordinary DEALLOCATE', async () => {
    await open({ prepare: { after: 2, max: 3 } })
    await warm(BY_ID, [1], async () => (await prepared()).length > 0)
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
