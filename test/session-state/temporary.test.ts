import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool
const long = 'n'.repeat(70)

beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table seen as select 1 as id')
  await ask(cluster.primary.config, `create table ${long} as select 1 as id`)
  await ask(
    cluster.primary.config,
    'create table elder (id int); create table parent () inherits (elder); create view over_parent as select * from parent',
  )
  await cluster.caughtUp()
})
beforeEach(async () => {
  pool = poolOver(cluster, { probeIntervalMs: 100, max: 1 })
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
    'one of several',
    [`create temp table a (x int); create table pg_temp.seen as select 2 as id`],
    'select id from seen',
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

it('what was made by the path is gone for the next one', async () => {
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
