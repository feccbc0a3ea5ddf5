import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
let readers: PoolClient[]

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(
    cluster.primary.config,
    `create table rates (name text, rate int);
     create type mood as enum ('sad', 'glad');
     create table people (id int, name varchar(20), mood mood, born timestamp);
     insert into people values (1, 'anna', 'glad', '2024-01-01');
     create function rate_of(text) returns int immutable language plpgsql as 'begin return (select rate from rates where name = $1); end';
     create function sql_rate() returns timestamptz stable language sql as $$ select timestamptz 'now' $$;
     create view seen as select rate_of('a') as rate;
     create view seen_twice as select * from seen;
     create function kind(x numeric) returns text stable language plpgsql as $$ begin return 'numeric'; end $$`,
  )
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  await ask(cluster.primary.config, "delete from rates; insert into rates values ('a', 1)")
  await cluster.caughtUp()
  pool = poolOver(cluster, { consistency: 'eventual', max: 4 })
  readers = []
  pool.on('connect', (client: PoolClient) => {
    if (Reflect.get(client, 'port') === cluster.replicas[0]?.config.port) readers.push(client)
  })
  await replicasReady(pool)
})

afterEach(() => pool.end())

async function texts(): Promise<readonly string[]> {
  const sql = "select statement from pg_prepared_statements where name like 'switchyard%'"
  const answers = await Promise.all(
    readers.map((client) => client.query<{ statement: string }>({ text: sql })),
  )
  return answers.flatMap(({ rows }) => rows.map(({ statement }) => statement))
}

/** As often as it takes to give another read a name. */
async function warm(text: string, values: unknown[] = []): Promise<void> {
  const other = 'select count(*) from people where id = $1'
  await until('names are given', async () => {
    for (let run = 0; run < 10; run++) {
      await pool.query(text, values)
      await pool.query(other, [1])
    }
    return (await texts()).includes(other)
  })
}

describe('a read', () => {
  it.each([
    "select id from people where name = 'anna'",
    "select id from people where name like 'a%' and id in (1, 2)",
    "select date_trunc('day', born) from people where born > $1::timestamp",
  ])('that freezes nothing has a name: %s', async (text) => {
    await until('it has a name', async () => {
      for (let run = 0; run < 10; run++) await pool.query(text, text.includes('$1') ? ['2020-01-01'] : [])
      return (await texts()).includes(text)
    })
  })

  it.each([
    ["select timestamptz 'now' as now"],
    ["select count(*) from people where born > '2024-01-01'"],
    ["select count(*) from people where mood = 'glad'"],
    ['select rate_of($1)'],
    ['select sql_rate()'],
    ['select * from seen'],
    ['select * from seen_twice'],
    ["select now() - interval '1 day'"],
  ])('that freezes something has none: %s', async (text) => {
    await warm(text, text.includes('$1') ? ['a'] : [])
    expect(await texts()).not.toContain(text)
  })

  it("knows what time it is: timestamptz 'now'", async () => {
    const text = "select (timestamptz 'now')::text as now"
    await warm(text)
    const times = new Set<unknown>()
    for (let run = 0; run < 10; run++) times.add((await pool.query<{ now: string }>(text)).rows[0]?.now)
    expect(times.size).toBe(10)
  })

  it.each(["select rate_of('a') as rate", 'select rate from seen', 'select rate from seen_twice'])(
    'sees what a function labelled IMMUTABLE reads: %s',
    async (text) => {
      await warm(text)
      await ask(cluster.primary.config, 'update rates set rate = 2')
      await cluster.caughtUp()
      for (let run = 0; run < 10; run++) expect((await pool.query(text)).rows).toEqual([{ rate: 2 }])
    },
  )

  it('calls an overload that this pool has added', async () => {
    const text = 'select kind(id) as kind from people'
    await warm(text)
    expect((await pool.query(text)).rows).toEqual([{ kind: 'numeric' }])
    await pool.query(
      "create function kind(x int) returns text stable language plpgsql as $$ begin return 'int'; end $$",
    )
    await cluster.caughtUp()
    for (let run = 0; run < 10; run++) expect((await pool.query(text)).rows).toEqual([{ kind: 'int' }])
    await ask(cluster.primary.config, 'drop function kind(int)')
  })

  it('does not know a label that was renamed', async () => {
    const text = "select count(*)::int as n from people where mood = 'sad'"
    await warm(text)
    await ask(cluster.primary.config, "alter type mood rename value 'sad' to 'blue'")
    await cluster.caughtUp()
    await expect(pool.query(text)).rejects.toMatchObject({ code: '22P02' })
    await ask(cluster.primary.config, "alter type mood rename value 'blue' to 'sad'")
  })

  it('reads a literal under the settings of its session', async () => {
    const text = "select extract(epoch from timestamptz '2024-01-01 00:00')::int as at"
    await warm(text)
    await pool.query("set timezone = 'UTC'")
    const before = await pool.query<{ at: number }>(text)
    await pool.query("set timezone = 'Asia/Tokyo'")
    const after = await pool.query<{ at: number }>(text)
    expect((before.rows[0]?.at ?? 0) - (after.rows[0]?.at ?? 0)).toBe(9 * 3600)
  })

  it('has no name on a replica that has not replayed a change of this pool', async () => {
    const text = 'select count(*)::int as n from people where born > $1'
    const [replica] = cluster.replicas
    await warm(text, ['2024-01-01'])
    await replica?.pauseReplay()
    await pool.query('create table later (id int)')
    const other = 'select count(*) from people where name = $1'
    for (let run = 0; run < 100; run++) await pool.query(other, ['anna'])
    expect(await texts()).not.toContain(other)
    await replica?.resumeReplay()
    await until('it has a name', async () => {
      for (let run = 0; run < 10; run++) await pool.query(other, ['anna'])
      return (await texts()).includes(other)
    })
    await ask(cluster.primary.config, 'drop table later')
  })
})
