import pg, { type CustomTypesConfig, type PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster
const poolFor = poolsForTests(() => cluster, {})

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, 'create table log (line text)')
})
afterAll(() => cluster?.stop())

const singles: Pool[] = []
afterEach(() => Promise.all(singles.splice(0).map((pool) => pool.end())))

function alone(max: number): Promise<Pool> {
  const pool = new Pool({ ...cluster.primary.config, max })
  singles.push(pool)
  return Promise.resolve(pool)
}

const SHOWN = "select current_setting('app.tenant', true) as tenant"

type Callback = (error: Error | undefined) => void

async function shown(pool: Pool): Promise<unknown> {
  return (await pool.query<{ tenant: unknown }>(SHOWN)).rows[0]?.tenant
}

/** Calls `called` from application code that runs in some callback. */
type Form = (pool: Pool, client: PoolClient, called: Callback) => void

const FORMS: Readonly<Record<string, Form>> = {
  'a query of the pool': (pool, _, called) => pool.query(SHOWN, (error) => called(error)),
  'a write of the pool': (pool, _, called) =>
    pool.query("insert into log values ('a')", (error) => called(error)),
  'a query of a client': (_, client, called) => client.query(SHOWN, (error) => called(error)),
  'a notice': (_, client, called) => {
    client.once('notice', () => called(undefined))
    client.query("do $$ begin raise notice 'here'; end $$").catch(called)
  },
  'the end of a stream': (_, client, called) => {
    const stream = client.query(new QueryStream(SHOWN))
    stream.on('data', () => {}).once('end', () => called(undefined))
  },
  'a row of a stream': (_, client, called) => {
    client.query(new QueryStream(SHOWN)).once('data', () => called(undefined))
  },
  'a cursor': (_, client, called) => {
    const cursor = client.query(new Cursor(SHOWN))
    cursor.read(5, (error) => called(error))
  },
  'the close of a cursor': (_, client, called) => {
    const cursor = client.query(new Cursor(SHOWN))
    cursor.read(5, () => cursor.close(called as () => void))
  },
  'a row of a query object': (_, client, called) => {
    const query = client.query(new pg.Query(SHOWN))
    query.once('row', () => called(undefined))
  },
}

/** The tenant that a query finds which is issued in such a callback. */
async function tenantIn(pool: Pool, form: Form): Promise<unknown> {
  const client = await pool.connect()
  return new Promise<unknown>((resolve, reject) => {
    form(pool, client, (error) => {
      if (error) return reject(error)
      resolve(shown(pool))
    })
  }).finally(() => client.release())
}

describe.each(['a primary and a replica', 'one node'])('%s: statements in the callback of', (kind) => {
  const open = (max: number): Promise<Pool> => (kind === 'one node' ? alone(max) : poolFor({ max }))
  const as = <T>(pool: Pool, tenant: string | null, fn: () => Promise<T>): Promise<T> =>
    tenant === null ? fn() : pool.withSession({ settings: { 'app.tenant': tenant } }, fn)

  it.each(Object.entries(FORMS))('%s have the settings of the session that issued it', async (_, form) => {
    const pool = await open(2)
    for (const tenant of ['1', '2', null, '3', '1', null])
      expect(await as(pool, tenant, () => tenantIn(pool, form))).toBe(tenant)
  })

  it('a type parser never have those of another session', async () => {
    const pool = await open(1)
    const told: Promise<unknown>[] = []
    const parser = (text: string): string => {
      told.push(shown(pool))
      return text
    }
    const types = { getTypeParser: () => parser } as unknown as CustomTypesConfig
    const tenants = ['1', '2', null, '3']
    for (const tenant of tenants) await as(pool, tenant, () => pool.query({ text: 'select 1', types }))
    for (const [at, tenant] of (await Promise.all(told)).entries())
      expect([tenants[at], null, '']).toContain(tenant)
    expect(told.length).toBeGreaterThan(3)
  })

  it.each([1, 2])('connect() have those of the caller, with %i connections', async (max) => {
    const pool = await open(max)
    const ask = (tenant: string | null): Promise<unknown> =>
      as(
        pool,
        tenant,
        () =>
          new Promise<unknown>((resolve, reject) => {
            pool.connect((error, client, done) => {
              if (client === undefined) return reject(error ?? new Error('no client'))
              client.query(SHOWN, (_error, { rows: [first] }) => {
                done()
                pool.query(SHOWN, (failure, result) => {
                  if (failure) return reject(failure)
                  resolve([first?.tenant, result.rows[0]?.tenant])
                })
              })
            })
          }),
      )
    const tenants = ['1', '2', null, '3', null, '1', '2', null]
    expect(await Promise.all(tenants.map(ask))).toEqual(tenants.map((tenant) => [tenant, tenant]))
  })

  it('a query that ends after its client was released have those of the caller', async () => {
    const pool = await open(1)
    const ask = (tenant: string | null): Promise<unknown> =>
      as(pool, tenant, async () => {
        const client = await pool.connect()
        return new Promise((resolve, reject) => {
          client.query(SHOWN, (error) => {
            if (error) return reject(error)
            resolve(shown(pool))
          })
          client.release()
        })
      })
    const tenants = ['1', null, '2', null]
    expect(await Promise.all(tenants.map(ask))).toEqual(tenants)
  })
})

it.each([false, true])(
  'callers who queued before the first session do not find its setting (clients: %s)',
  async (isClient) => {
    const pool = await alone(1)
    await pool.query('select 1')
    const asClient = async (): Promise<unknown> => {
      const client = await pool.connect()
      const { rows } = await client.query<{ tenant: unknown }>(SHOWN).finally(() => client.release())
      return rows[0]?.tenant
    }
    const ask = isClient ? asClient : (): Promise<unknown> => shown(pool)
    const waiting = [ask(), ask()]
    const mine = pool.withSession({ settings: { 'app.tenant': '7' } }, ask)
    expect(await Promise.all([...waiting, mine, ask()])).toEqual([null, null, '7', null])
  },
)
