import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
/** Connections of the pool to the primary. */
let writers: PoolClient[]

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  await ask(cluster.primary.config, 'drop table if exists kept cascade')
  pool = poolOver(cluster, { consistency: 'eventual', max: 2 })
  writers = []
  pool.on('connect', (client: PoolClient) => {
    if (Reflect.get(client, 'port') === cluster.primary.config.port) writers.push(client)
  })
  await replicasReady(pool)
})

afterEach(() => pool.end())

async function names(): Promise<unknown[]> {
  const answers = await Promise.all(
    writers.map((client) => client.query<{ name: string }>('select name from pg_prepared_statements')),
  )
  return answers.flatMap(({ rows }) => rows.map(({ name }) => name))
}

/** Far more often than a read needs to get a name. */
async function warm(text: string, values: (run: number) => unknown[]): Promise<void> {
  for (let run = 0; run < 40; run++) await pool.query(text, values(run))
}

/** Of its offset a `timestamp` keeps nothing. */
const AT = '2024-06-01 12:00:00+05'

describe('a write that is warm', () => {
  it.each([
    ['insert', 'insert into kept values ($1, $2) returning *'],
    ['update', 'update kept set label = $2 where id = $1 returning *'],
    ['delete', 'delete from kept where id = $1 and label = $2'],
    [
      'merge',
      'merge into kept using (select $1::int as id) s on kept.id = s.id when matched then update set label = $2',
    ],
    ['in a WITH clause', 'with put as (insert into kept values ($1, $2) returning *) select * from put'],
  ])('has no name on the server: %s', async (_kind, text) => {
    await ask(cluster.primary.config, 'create table kept (id int, label text)')
    await warm(text, (run) => [run, 'label'])
    expect(await names()).toEqual([])
  })

  it('keeps the name that its caller gives', async () => {
    await ask(cluster.primary.config, 'create table kept (id int, label text)')
    const query = { name: 'mine', text: 'insert into kept values ($1, $2)', values: [1, 'label'] }
    for (let run = 0; run < 10; run++) await pool.query(query)
    expect([...new Set(await names())]).toEqual(['mine'])
  })

  const migrations = [
    [
      'timestamp to timestamptz',
      'timestamp',
      "timestamptz using v at time zone 'UTC'",
      AT,
      '2024-06-01 07:00:00+00',
    ],
    ['date to timestamptz', 'date', 'timestamptz', AT, '2024-06-01 07:00:00+00'],
    ['real to double precision', 'real', 'double precision', 0.1234567890123456, '0.1234567890123456'],
    ['int to bigint', 'int', 'bigint', 3_000_000_000, '3000000000'],
    ['text to jsonb', 'text', 'jsonb using to_jsonb(v)', '{"a": 1}', '{"a": 1}'],
  ] as const

  const ways = [
    ['this pool', (sql: string) => pool.query(sql)],
    ['another connection', (sql: string) => ask(cluster.primary.config, sql)],
  ] as const

  describe.each(ways)('after a migration over %s', (_by, alter) => {
    it.each(migrations)('stores what is sent: %s', async (_name, before, after, value, stored) => {
      const { config } = cluster.primary
      await ask(config, `create table kept (v ${before})`)
      await warm('insert into kept values ($1)', () => [before === 'int' ? 7 : value])
      await alter(`alter table kept alter column v type ${after}`)
      await ask(config, 'delete from kept')
      for (let run = 0; run < 10; run++) await pool.query('insert into kept values ($1)', [value])
      const shown = "select distinct set_config('timezone', 'UTC', false) as zone, v::text from kept"
      expect(await ask(config, shown)).toEqual([{ zone: 'UTC', v: stored }])
    })

    it('finds an enum that was dropped and made again', async () => {
      const { config } = cluster.primary
      const make = "drop type if exists mood cascade; create type mood as enum ('sad', 'glad')"
      await ask(config, `${make}; create table kept (v mood)`)
      await warm('insert into kept values ($1)', () => ['glad'])
      await ask(config, 'delete from kept')
      await alter(`${make}; alter table kept add column v mood`)
      for (let run = 0; run < 4; run++) await pool.query('insert into kept values ($1)', ['glad'])
      expect(await ask(config, "select count(*)::int as n from kept where v = 'glad'")).toEqual([{ n: 4 }])
    })
  })
})
