import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    `create table noted (id int);
     create table source (id int);
     create function notes() returns trigger language plpgsql as $$
       begin insert into noted values (new.id); return null; end $$;
     create function hides() returns void language plpgsql as $$
       begin execute 'create temp table source (id int); ' ||
         'create trigger noted after insert on source for each row execute function notes()'; end $$`,
  )
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  await cluster.replicas[0]?.resumeReplay()
  await ask(cluster.primary.config, 'truncate noted')
  await cluster.caughtUp()
})

const open = poolsForTests(() => cluster, { catchUpTimeoutMs: 50, max: 1 })

const create = 'create temp table source (id int)'
const trigger = 'create trigger noted after insert on source for each row execute function notes()'
const write = 'insert into source values (1)'

/** Creates the table. Returns what writes to it. */
type Setup = (pool: Pool) => Promise<() => Promise<unknown>>

it.each<[what: string, setup: Setup]>([
  [
    'of a client',
    async (pool) => {
      const client = await pool.connect()
      await client.query(create)
      await client.query(trigger)
      return () => client.query(write).finally(() => client.release())
    },
  ],
  [
    'of a query of the pool',
    (pool) => pool.query(`${create}; ${trigger}`).then(() => () => pool.query(write)),
  ],
  ['of a function', (pool) => pool.query('select hides()').then(() => () => pool.query(write))],
  [
    'of a listener of `connect`',
    async (pool) => {
      pool.on('connect', (client) => void client.query(`${create}; ${trigger}`).catch(() => {}))
      await pool.query('select 1 /* route: primary */')
      return () => pool.query(write)
    },
  ],
])('a write to a temporary table %s counts as one of everything', async (_what, setup) => {
  const pool = await open()
  const writes = await setup(pool)
  await until('everything is known again, and the replica shows it', async () => {
    const { statement } = await pool.explain(write)
    const { plan } = await pool.explain('select count(*) from noted')
    return statement.footprint.changes !== 'everything' && plan.candidates[0]?.role === 'replica'
  })
  await cluster.replicas[0]?.pauseReplay()
  await writes()
  const { rows } = await pool.query('select count(*)::int as n from noted')
  expect(rows).toEqual([{ n: 1 }])
})
