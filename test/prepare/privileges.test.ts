import type { PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
const readers: PoolClient[] = []

const login = { user: 'app', password: 'secret' }

/** Runs it as the owner of the database, and waits until the replica shows it. */
async function change(sql: string): Promise<void> {
  await ask(cluster.primary.config, sql)
  await cluster.caughtUp()
}

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await change(
    `create role app login password 'secret';
     create role auditor;
     grant auditor to app;
     create table accounts (id int, tenant text);
     insert into accounts values (1, 'a'), (2, 'b');
     alter table accounts enable row level security;
     create policy own on accounts to app using (tenant = 'a');
     create policy everything on accounts to auditor using (true);
     create table payments (id int, tenant text);
     insert into payments values (1, 'a'), (2, 'b');
     alter table payments enable row level security;
     create policy own on payments using (tenant = 'a');
     create schema audit;
     grant usage on schema audit to auditor;
     create table audit.entries (id int);
     insert into audit.entries values (1);
     create type point_text as (x text);
     create type point_int as (x int);
     create table settings (tenant text);
     insert into settings values ('a');
     create function tenant() returns text immutable language plpgsql as
       'begin return (select tenant from settings); end';
     create view current_tenant as select tenant();
     create table orders (id int, tenant text);
     insert into orders values (1, 'a'), (2, 'b');
     alter table orders enable row level security;
     create policy own on orders using (tenant = (select tenant from current_tenant));
     grant select on accounts, payments, audit.entries, settings, current_tenant, orders to public`,
  )
  const replicas = cluster.replicas.map(({ config }) => ({ ...config, ...login }))
  pool = poolOver(cluster, { ...login, replicas, consistency: 'eventual', max: 4 })
  pool.on('connect', (client: PoolClient) => {
    if (Reflect.get(client, 'port') === cluster.replicas[0]?.config.port) readers.push(client)
  })
  await replicasReady(pool)
})

afterAll(async () => {
  await pool.end()
  await cluster.stop()
})

async function texts(): Promise<readonly string[]> {
  const sql = "select statement from pg_prepared_statements where name like 'switchyard%'"
  const answers = await Promise.all(readers.map((client) => client.query<{ statement: string }>(sql)))
  return answers.flatMap(({ rows }) => rows.map(({ statement }) => statement))
}

async function named(text: string, values: unknown[]): Promise<void> {
  await until('it has a name', async () => {
    for (let run = 0; run < 20; run++) await pool.query(text, values)
    return (await texts()).includes(text)
  })
}

describe('a read with a name', () => {
  it.each<[what: string, text: string, values: unknown[], before: string, expected: unknown, after: string]>([
    [
      'a policy that no longer applies to the role',
      'select id from accounts where id < $1 order by id',
      [9],
      'revoke auditor from app',
      [{ id: 1 }],
      'grant auditor to app',
    ],
    [
      'policies that no longer apply at all',
      'select id from payments where id < $1 order by id',
      [9],
      'alter role app bypassrls',
      [{ id: 1 }, { id: 2 }],
      'alter role app nobypassrls',
    ],
    [
      'a schema that the role may no longer use',
      'select id from audit.entries where id < $1',
      [9],
      'revoke auditor from app',
      '42501',
      'grant auditor to app',
    ],
    [
      'composite types that have swapped their names',
      'select ($1::point_text).x as x',
      ['(5)'],
      `alter type point_text rename to point_old; alter type point_int rename to point_text;
       alter type point_old rename to point_int`,
      [{ x: 5 }],
      'select',
    ],
  ])('knows %s, after two seconds', async (_what, text, values, before, expected, after) => {
    await named(text, values)
    await change(before)
    const changedAt = performance.now()
    const wrong = new Set<string>()
    for (let sentMs = 0; sentMs < 2300;) {
      sentMs = performance.now() - changedAt
      const found = await pool.query(text, values).then(
        ({ rows }) => rows,
        (error: unknown) => Reflect.get(error as Error, 'code'),
      )
      const isRight = JSON.stringify(found) === JSON.stringify(expected)
      if (sentMs >= 2000 && !isRight) wrong.add(JSON.stringify(found))
    }
    await change(after)
    expect([...wrong]).toEqual([])
  })
})

it('a policy that reads a view with a function labelled IMMUTABLE freezes nothing', async () => {
  const text = 'select id from orders where id < $1'
  expect((await pool.explain(text)).statement.naming).toEqual({ frozen: 'relation' })
  for (let run = 0; run < 30; run++) expect((await pool.query(text, [9])).rows).toEqual([{ id: 1 }])
  await change("update settings set tenant = 'b'")
  for (let run = 0; run < 30; run++) expect((await pool.query(text, [9])).rows).toEqual([{ id: 2 }])
})
