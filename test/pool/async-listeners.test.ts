import { AsyncLocalStorage } from 'node:async_hooks'
import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask, until } from '../support/servers.ts'

const APP = { user: 'app', password: 'app' }
const tenants = new AsyncLocalStorage<string>()
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
let cluster: Cluster

beforeAll(async () => {
  process.on('unhandledRejection', note)
  cluster = await startClusterWith(
    { replicas: 2 },
    `create table notes (tenant text, body text);
     insert into notes select t, t || g from generate_series(1, 3) g, unnest(array['a', 'b', 'c']) t;
     alter table notes enable row level security;
     create policy own on notes using (tenant = current_setting('app.tenant', true));
     create role app login password 'app'; create role reader; grant reader to app;
     create table log (entry text); grant select, insert on notes, log to app, reader`,
  )
})

afterEach(() => {
  if (unhandled.length > 0) throw new Error(`Unhandled: ${unhandled.splice(0).map(String).join(', ')}`)
})

afterAll(async () => {
  process.removeListener('unhandledRejection', note)
  await cluster.stop()
})

const ready = poolsForTests(() => cluster, { ...APP, probeIntervalMs: 50 })
const open = (options: PoolOptions = {}): Promise<Pool> =>
  ready({ replicas: cluster.replicas.map(({ config }) => ({ ...config, ...APP })), ...options })

const SEEN = 'select distinct tenant from notes'
const tenantOf = (): string => tenants.getStore() ?? ''
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Reads for several tenants at the same time. Gives what each of them has seen. */
async function seenBy(pool: Pool, see: () => Promise<unknown[]> = own(pool)): Promise<unknown> {
  const names = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']
  return Promise.all(names.map((tenant) => tenants.run(tenant, async () => [tenant, await see()])))
}

function own(pool: Pool): () => Promise<unknown[]> {
  return async () => (await pool.query<{ tenant: string }>(SEEN)).rows.map(({ tenant }) => tenant)
}

const EACH_ITS_OWN = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'].map((tenant) => [tenant, [tenant]])

const SETTING_UP: [string, (client: PoolClient) => unknown][] = [
  [
    'sends several statements, one after the other',
    async (client) => {
      await client.query('set role reader')
      await client.query(`set work_mem = '5MB'`)
      await client.query(`set app.tenant = '${tenantOf()}'`)
    },
  ],
  [
    'looks something up first',
    async (client) => {
      await soon()
      await client.query('select set_config($1, $2, false)', ['app.tenant', tenantOf()])
    },
  ],
  [
    'looks something up between its statements',
    async (client) => {
      await client.query('select 1')
      await soon()
      await client.query(`set app.tenant = '${tenantOf()}'`)
    },
  ],
]

describe.each([1, 4])('with %i connections to each node, an acquire listener that', (max) => {
  it.each(SETTING_UP)('%s is waited for', async (_name, listener) => {
    const pool = await open({ max })
    pool.on('acquire', listener)
    for (let i = 0; i < 3; i++) expect(await seenBy(pool)).toEqual(EACH_ITS_OWN)
    const inTransaction = (): Promise<unknown[]> =>
      pool.transaction(async (client) => {
        const { rows } = await client.query<{ tenant: string }>(SEEN)
        return rows.map(({ tenant }) => tenant)
      })
    expect(await seenBy(pool, inTransaction)).toEqual(EACH_ITS_OWN)
  })
})

it.each(SETTING_UP)('a write behind a listener that %s is sent once', async (_name, listener) => {
  const pool = await open()
  await ask(cluster.primary.config, 'truncate log')
  pool.on('acquire', listener)
  await Promise.all(
    ['a', 'b', 'c'].map((tenant) =>
      tenants.run(tenant, () => pool.query(`insert into log values ($1)`, [tenant])),
    ),
  )
  await until('all is given back', () => pool.idleCount === pool.totalCount)
  expect(await ask(cluster.primary.config, 'select entry from log order by 1')).toEqual(
    ['a', 'b', 'c'].map((entry) => ({ entry })),
  )
})

describe('late queries of a listener', () => {
  it('does not reach the next one who has the connection', async () => {
    const pool = await open({ max: 1 })
    let letGo = (): void => {}
    const refusals: unknown[] = []
    const lookedUp = new Promise<void>((resolve) => (letGo = resolve))
    pool.once('acquire', (client) => {
      // Not returned, so nobody can wait for it.
      const send = (): Promise<unknown> => client.query(`set app.tenant = 'a'`)
      lookedUp.then(send).catch((error: unknown) => refusals.push(error))
    })
    pool.on('acquire', () => {})
    const onPrimary = { text: SEEN, route: 'primary' as const }
    await pool.query(onPrimary)
    const client = await pool.primary.connect()
    await client.query('begin')
    letGo()
    await until('it has tried', () => refusals.length > 0)
    expect((await client.query(SEEN)).rows).toEqual([])
    await client.query('commit')
    client.release()
    expect((await pool.query(onPrimary)).rows).toEqual([])
  })

  it('comes before the next checkout, where it is a release listener', async () => {
    const pool = await open({ max: 1 })
    pool.on('acquire', (client) => void client.query(`set app.tenant = '${tenantOf()}'`))
    const resets: (error: unknown, client: PoolClient) => unknown = async (_error, client) => {
      for (let i = 0; i < 5; i++) await client.query('select 1')
      await client.query('reset app.tenant')
    }
    pool.on('release', resets)
    for (let i = 0; i < 5; i++) expect(await seenBy(pool)).toEqual(EACH_ITS_OWN)
  })
})

it('the next read of the caller shows writes of a listener', async () => {
  const pool = await open({ catchUpTimeoutMs: 50 })
  await ask(cluster.primary.config, 'truncate log')
  await cluster.caughtUp()
  const listener = (client: PoolClient): void => {
    client.query(`insert into log values ('acquired')`).catch(() => {})
  }
  await Promise.all(cluster.replicas.map((replica) => replica.pauseReplay()))
  try {
    pool.on('acquire', listener)
    // By itself it shows nothing, and writes nothing.
    await pool.query(`set work_mem = '5MB'`)
    pool.removeListener('acquire', listener)
    expect((await pool.query('select entry from log')).rows).toEqual([{ entry: 'acquired' }])
  } finally {
    await Promise.all(cluster.replicas.map((replica) => replica.resumeReplay()))
  }
})
