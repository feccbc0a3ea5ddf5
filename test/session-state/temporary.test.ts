import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { WAITING, poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
const long = 'n'.repeat(70)

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table seen as select 1 as id')
  await ask(cluster.primary.config, `create table ${long} as select 1 as id`)
  await ask(
    cluster.primary.config,
    `create function hide_seen() returns int language plpgsql as $$
       begin create temp table seen as select 2 as id; return 2; end $$`,
  )
  await ask(
    cluster.primary.config,
    'create table elder (id int); create table parent () inherits (elder); create view over_parent as select * from parent',
  )
  await cluster.caughtUp()
})
beforeEach(async () => {
  pool = poolOver(cluster, { probeIntervalMs: 100, max: 1, ...WAITING })
  await replicasReady(pool)
})
afterEach(async () => {
  await pool.end()
})
afterAll(async () => {
  await cluster.stop()
})

it.each([
  [
    'a child of a child',
    ['create temp table child () inherits (parent)', 'insert into child values (2)'],
    'select id from elder',
  ],
  [
    'a child of what a view reads',
    ['create temp table child () inherits (parent)', 'insert into child values (2)'],
    'select id from over_parent',
  ],
  ['a name with escapes', ['create temp table U&"s\\0065en" as select 2 as id'], 'select id from seen'],
  ['a name that is cut', [`create temp table ${long} as select 2 as id`], `select id from ${long}`],
  [
    'made by the path',
    ['set search_path to pg_temp', 'create table seen as select 2 as id', 'reset search_path'],
    'select id from seen',
  ],
  [
    'made by a path with escapes',
    [`set search_path to U&"pg\\005ftemp"`, 'create table seen as select 2 as id', 'reset search_path'],
    'select id from seen',
  ],
  [
    'made by the path of a transaction',
    ['begin', 'set local search_path to pg_temp', 'create table seen as select 2 as id', 'commit'],
    'select id from seen',
  ],
  [
    'renamed',
    ['create temp table other as select 2 as id', 'alter table other rename to seen'],
    'select id from seen',
  ],
  [
    'found by what is put together',
    ['create temp table own as select 3 as id'],
    `select case when to_regclass('o' || 'wn') is null then 1 else 2 end as id`,
  ],
  [
    'made by a function that fills a table',
    ['create table filled as select hide_seen()', 'drop table filled'],
    'select id from seen',
  ],
  [
    'made by a function that fills a table while it is explained',
    ['explain analyze create table filled as select hide_seen()', 'drop table filled'],
    'select id from seen',
  ],
  [
    'one of several',
    [`create temp table a (x int); create table pg_temp.seen as select 2 as id`],
    'select id from seen',
  ],
  [
    'a column whose values are names',
    ['create temp table own as select 2 as id', `create table names as select 'seen'::regclass as rel`],
    `select count(*)::int as id from (select rel from names union all select 'own') as all_of_them`,
  ],
])('a read that means a temporary object meets it: %s', async (_title, statements, read) => {
  const client = await pool.connect()
  try {
    for (const sql of statements) await client.query(sql)
    expect((await client.query(read)).rows).toEqual([{ id: 2 }])
  } finally {
    client.release()
  }
})

it.each([
  [
    'its role',
    'alter role current_user set search_path = pg_temp, public',
    'alter role current_user reset search_path',
  ],
  [
    'its database',
    'alter database postgres set search_path = pg_temp, public',
    'alter database postgres reset search_path',
  ],
])('an object made by a path of %s is met', async (_whose, set, reset) => {
  await ask(cluster.primary.config, set)
  await cluster.caughtUp()
  const own = poolOver(cluster, { probeIntervalMs: 100, max: 1, ...WAITING })
  try {
    await replicasReady(own)
    const client = await own.connect()
    await client.query('create table seen as select 2 as id')
    expect((await client.query('select id from seen')).rows).toEqual([{ id: 2 }])
    client.release()
    const next = await own.connect()
    expect((await next.query('/* route: primary */ select id from seen')).rows).toEqual([{ id: 1 }])
    next.release()
  } finally {
    await ask(cluster.primary.config, reset)
    await own.end()
  }
})

it.each([
  'create temp table parts (id int primary key)',
  'create temp table own (id int constraint parts_of_own unique)',
  'create temp table own (id int generated always as identity (sequence name parts_of_own))',
])('a name that an index or a sequence has comes first: %s', async (sql) => {
  await pool.query('create table if not exists parts_pkey as select 1 as id')
  await pool.query('create table if not exists parts_of_own as select 1 as id')
  const client = await pool.connect()
  try {
    await client.query(sql)
    const name = sql.includes('parts_of_own') ? 'parts_of_own' : 'parts_pkey'
    const asked = client.query(`select id from ${name}`)
    // Neither an index nor a sequence has such a column.
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^(42703|42809)$/) as string })
  } finally {
    client.release()
  }
})

it('a read of other things, which shares words with what was made, goes to a replica', async () => {
  const client = await pool.connect()
  await client.query(`create temp table own as select id, 'x'::text as note from seen where id = 1`)
  await client.query(`insert into own select id, note from own`)
  const before = pool.stats().nodes[1]?.reads ?? 0
  expect((await client.query(`select id, 'id note'::text from seen where id = $1`, [1])).rows).toHaveLength(1)
  expect(pool.stats().nodes[1]?.reads).toBe(before + 1)
  client.release()
})

it('an object made by the path is gone for the next one', async () => {
  const client = await pool.connect()
  for (const sql of [
    'set search_path to pg_temp',
    'create table seen as select 2 as id',
    'reset search_path',
  ]) {
    await client.query(sql)
  }
  client.release()
  expect((await pool.query({ text: 'select id from seen', route: 'primary' })).rows).toEqual([{ id: 1 }])
})
