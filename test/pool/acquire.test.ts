import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { PoolClient, QueryConfig } from 'pg'
import QueryStream from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions, RouteRequest } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { until } from '../support/servers.ts'

const READER = { user: 'reader', password: 'reader' }
const TENANTS = ['a', 'b', 'c', 'd']
const tenants = new AsyncLocalStorage<string>()
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
let cluster: Cluster

beforeAll(async () => {
  process.on('unhandledRejection', note)
  cluster = await startClusterWith(
    { replicas: 2 },
    `create table notes (tenant text, body text);
     insert into notes select t, t || g from generate_series(1, 3) g, unnest(array['a', 'b', 'c', 'd']) t;
     alter table notes enable row level security;
     create policy own on notes using (tenant = current_setting('app.tenant', true));
     create role reader login password 'reader'; create role role_a; create role role_b; create role role_c; create role role_d;
     grant role_a, role_b, role_c, role_d to reader;
     grant select, insert on notes to reader, role_a, role_b, role_c, role_d;
     create policy of_role on notes using (current_user = 'role_' || tenant);
     create function set_tenant(t text) returns text language sql as $$ select set_config('app.tenant', t, false) $$;
     create schema schema_a; create schema schema_b;
     create table schema_a.marks as select 'a' as tenant; create table schema_b.marks as select 'b' as tenant;
     grant usage on schema schema_a, schema_b to public;
     grant select on schema_a.marks, schema_b.marks to public`,
  )
})

afterEach(() => {
  if (unhandled.length > 0) throw new Error(`Unhandled: ${unhandled.splice(0).map(String).join(', ')}`)
})

afterAll(async () => {
  process.removeListener('unhandledRejection', note)
  await cluster.stop()
})

const ready = poolsForTests(() => cluster, { ...READER, probeIntervalMs: 50 })
const open = (options: PoolOptions = {}): Promise<Pool> =>
  ready({ replicas: cluster.replicas.map(({ config }) => ({ ...config, ...READER })), ...options })

const SEEN = 'select distinct tenant from public.notes'

function on(route: 'primary' | 'replica', text: string): QueryConfig & RouteRequest {
  return { text, route }
}

function setTenant(client: PoolClient): void {
  void client.query(`set app.tenant = '${tenants.getStore() ?? ''}'`)
}

/** Runs this once for each of so many tenants, at the same time; gives what each has seen beside itself. */
async function strangers(
  count: number,
  see: (tenant: string) => Promise<readonly { readonly tenant: string }[]>,
): Promise<unknown[]> {
  const seen = await Promise.all(
    Array.from({ length: count }, (_unused, i) => {
      const tenant = TENANTS[i % TENANTS.length] ?? ''
      return tenants.run(tenant, async () => ({ tenant, rows: await see(tenant) }))
    }),
  )
  return seen.filter(({ tenant, rows }) => rows.length !== 1 || rows[0]?.tenant !== tenant)
}

/** Reads until some of it rides. */
async function warm(pool: Pool): Promise<void> {
  for (let i = 0; i < 200; i++) await pool.query(SEEN)
}

describe('a tenant that an acquire listener sets', () => {
  it('is that of the caller, for reads of the pool', async () => {
    const pool = await open({ max: 4 })
    await warm(pool)
    pool.on('acquire', setTenant)
    const tally = new Tally(pool)
    const read = async (): Promise<{ tenant: string }[]> => (await pool.query<{ tenant: string }>(SEEN)).rows
    expect(await strangers(60, read)).toEqual([])
    for (let i = 0; i < 20; i++) expect(await strangers(3, read)).toEqual([])
    expect(tally.reads()[0]).toBe(0)
  })

  it.each<[string, (pool: Pool) => Promise<{ tenant: string }[]>]>([
    ['with values', async (pool) => (await pool.query(`${SEEN} where body <> $1`, ['x'])).rows],
    ['with a name', async (pool) => (await pool.query({ name: 'seen', text: SEEN })).rows],
    [
      'with a callback',
      (pool) =>
        new Promise((resolve, reject) => {
          pool.query(SEEN, (error: Error | undefined, result) =>
            error ? reject(error) : resolve(result.rows),
          )
        }),
    ],
    ['of a tier', async (pool) => (await pool.tier('api').query(SEEN)).rows],
    ['of the primary view', async (pool) => (await pool.primary.query(SEEN)).rows],
    ['asked for on the primary', async (pool) => (await pool.query(on('primary', SEEN))).rows],
    [
      'of a client',
      async (pool) => {
        const client = await pool.connect()
        try {
          await client.query('select 1')
          return (await client.query(SEEN)).rows
        } finally {
          client.release()
        }
      },
    ],
    [
      'of a client that does not wait',
      async (pool) => {
        const client = await pool.connect()
        try {
          const answers = await Promise.all(
            [SEEN, SEEN, SEEN].map((sql) => client.query<{ tenant: string }>(sql)),
          )
          return answers.at(-1)?.rows ?? []
        } finally {
          client.release()
        }
      },
    ],
    [
      'of a client that writes as well',
      async (pool) => {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query('insert into notes select * from notes where false')
          await client.query('commit')
          return (await client.query(SEEN)).rows
        } finally {
          client.release()
        }
      },
    ],
    [
      'in a read-only transaction',
      async (pool) => {
        const client = await pool.connect()
        try {
          await client.query('begin read only')
          const { rows } = await client.query(SEEN)
          await client.query('commit')
          return rows
        } finally {
          client.release()
        }
      },
    ],
    [
      'in a stream',
      async (pool) => {
        const client = await pool.connect()
        try {
          const rows: { tenant: string }[] = []
          for await (const row of client.query(new QueryStream(SEEN))) rows.push(row as { tenant: string })
          return rows
        } finally {
          client.release()
        }
      },
    ],
  ])('is that of the caller %s', async (_name, read) => {
    const pool = await open({ max: 3, tiers: { api: { share: 1 } } })
    pool.on('acquire', setTenant)
    for (let i = 0; i < 3; i++) expect(await strangers(12, () => read(pool))).toEqual([])
  })

  it.each<[string, (client: PoolClient, tenant: string) => unknown]>([
    [
      'set_config',
      (client, tenant) => client.query('select set_config($1, $2, false)', ['app.tenant', tenant]),
    ],
    [
      'set_config with a callback',
      (client, tenant) => client.query(`select set_config('app.tenant', '${tenant}', false)`, () => {}),
    ],
    ['a function', (client, tenant) => client.query(`select set_tenant('${tenant}')`)],
    [
      'a named statement',
      (client, tenant) =>
        client.query({
          name: 'tenant',
          text: `select set_config('app.tenant', $1, false)`,
          values: [tenant],
        }),
    ],
    [
      'several in one text',
      (client, tenant) => client.query(`set work_mem = '5MB'; set app.tenant = '${tenant}'`),
    ],
    ['an async listener', async (client, tenant) => client.query(`set app.tenant = '${tenant}'`)],
  ])('is that of the caller when it is set by %s', async (_name, set) => {
    const pool = await open({ max: 2 })
    pool.on('acquire', (client) => void set(client, tenants.getStore() ?? ''))
    const read = async (): Promise<{ tenant: string }[]> => (await pool.query(SEEN)).rows
    expect(await strangers(24, read)).toEqual([])
  })

  it('is added by any way of adding listeners', async () => {
    for (const add of ['on', 'addListener', 'prependListener'] as const) {
      const pool = await open({ max: 2, tiers: { api: { share: 1 } } })
      const emitter: EventEmitter = pool.tier('api')
      emitter[add]('acquire', setTenant)
      expect(await strangers(8, async () => (await pool.query(SEEN)).rows)).toEqual([])
    }
  })

  it('may be a role or a search path', async () => {
    const pool = await open({ max: 2 })
    pool.on('acquire', (client) => {
      const tenant = tenants.getStore() ?? 'a'
      client.query(`set search_path = schema_${tenant}`).catch(note)
      client.query(`set role role_${tenant}`).catch(note)
    })
    for (let i = 0; i < 10; i++) {
      for (const tenant of ['a', 'b']) {
        await tenants.run(tenant, async () => {
          expect((await pool.query(SEEN)).rows).toEqual([{ tenant }])
          expect((await pool.query('select tenant from marks')).rows).toEqual([{ tenant }])
          expect((await pool.query('select current_user::text as me')).rows).toEqual([
            { me: `role_${tenant}` },
          ])
        })
      }
    }
  })

  it('gives way to what a client sets itself', async () => {
    const pool = await open({ max: 2 })
    pool.on('acquire', setTenant)
    await tenants.run('a', async () => {
      const client = await pool.connect()
      await client.query(`set app.tenant = 'b'`)
      for (let i = 0; i < 3; i++) expect((await client.query(SEEN)).rows).toEqual([{ tenant: 'b' }])
      client.release()
      expect((await pool.query(SEEN)).rows).toEqual([{ tenant: 'a' }])
    })
  })

  it('is set again where a read moves to another node', async () => {
    const pool = await open({ max: 2 })
    pool.on('acquire', (client) => {
      setTenant(client)
      // The connection to the first replica is lost behind the listener.
      if (Reflect.get(client, 'port') === cluster.replicas[0]?.config.port) {
        setImmediate(() => client.connection.stream.destroy())
      }
    })
    for (let i = 0; i < 5; i++) {
      expect(await strangers(4, async () => (await pool.query(`${SEEN}, pg_sleep(0.02)`)).rows)).toEqual([])
    }
  })
})

describe('settings of an acquire listener', () => {
  const PROBE = `select current_setting('app.tenant', true) as tenant, current_user::text as me,
    current_setting('search_path') as path, (select count(*)::int from pg_prepared_statements where name = 'own') as prepared,
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`
  const everywhere = ['primary', 'replica'] as const

  async function probes(pool: Pool): Promise<unknown[]> {
    const found: unknown[] = []
    for (let i = 0; i < 4; i++) {
      for (const route of everywhere) found.push(...(await pool.query(on(route, PROBE))).rows)
      const client = await pool.connect()
      found.push(...(await client.query(PROBE)).rows)
      client.release()
    }
    found.push(
      ...(await Promise.all(Array.from({ length: 6 }, () => pool.query(PROBE)))).flatMap(({ rows }) => rows),
    )
    return [...new Set(found.map((each) => JSON.stringify(each)))].map((each) => JSON.parse(each) as unknown)
  }

  const clean = { me: 'reader', path: '"$user", public', prepared: 0, locks: 0 }

  it.each<[string, string]>([
    ['a custom setting', `set app.tenant = 'a'`],
    ['a role', 'set role role_a'],
    ['a path', 'set search_path = schema_a'],
    ['a prepared statement', 'prepare own as select 1'],
    ['an advisory lock', 'select pg_advisory_lock_shared(7)'],
    ['whatever a function does', `select set_tenant('a')`],
  ])('is gone when the listener is: %s', async (_name, sql) => {
    const pool = await open({ max: 2 })
    const listener = (client: PoolClient): void => void client.query(sql).catch(note)
    pool.on('acquire', listener)
    for (const route of everywhere) {
      await Promise.all(Array.from({ length: 4 }, () => pool.query(on(route, SEEN))))
    }
    pool.removeListener('acquire', listener)
    expect(await probes(pool)).toEqual([{ tenant: null, ...clean }])
  })

  it('is gone for a listener that listens once', async () => {
    const pool = await open({ max: 2 })
    pool.once('acquire', (client) => void client.query(`set app.tenant = 'a'; set role role_a`))
    expect((await pool.query(SEEN)).rows).toEqual([{ tenant: 'a' }])
    expect(await probes(pool)).toEqual([{ tenant: null, ...clean }])
  })

  it('is not there for a caller for whom it sets nothing', async () => {
    const pool = await open({ max: 2 })
    pool.on('acquire', (client) => {
      const tenant = tenants.getStore()
      if (tenant === undefined) return
      client.query(`set app.tenant = '${tenant}'; set role role_${tenant}`).catch(note)
      client.query(`select set_config('search_path', $1, false)`, [`schema_${tenant}`]).catch(note)
      client.query('select pg_advisory_lock_shared(7)').catch(note)
    })
    for (let i = 0; i < 3; i++) {
      await tenants.run('a', () => strangers(4, async () => (await pool.query(SEEN)).rows))
      for (const found of await probes(pool)) expect(found).toMatchObject(clean)
      expect((await pool.query(SEEN)).rows).toEqual([])
    }
  })

  it('leaves alone what a connect listener has set', async () => {
    const pool = await open({ max: 2 })
    pool.on('connect', (client) => {
      client.query(`set search_path = schema_b`).catch(note)
      client.query(`set app.tenant = 'd'`).catch(note)
    })
    const listener = (client: PoolClient): void => {
      const tenant = tenants.getStore()
      if (tenant !== undefined) client.query(`set app.tenant = '${tenant}'`).catch(note)
    }
    pool.on('acquire', listener)
    for (let i = 0; i < 3; i++) {
      expect(await strangers(6, async () => (await pool.query(SEEN)).rows)).toEqual([])
      expect((await pool.query(SEEN)).rows).toEqual([{ tenant: 'd' }])
      expect((await pool.query('select tenant from marks')).rows).toEqual([{ tenant: 'b' }])
    }
    pool.removeListener('acquire', listener)
    expect(await probes(pool)).toEqual([{ ...clean, tenant: 'd', path: 'schema_b' }])
  })

  it('does not reach reads that ride', async () => {
    const pool = await open({ max: 4 })
    pool.on('acquire', setTenant)
    await strangers(24, async () => (await pool.query(SEEN)).rows)
    pool.removeAllListeners('acquire')
    await warm(pool)
    const rides = await Promise.all(Array.from({ length: 40 }, () => pool.query(SEEN)))
    expect(rides.flatMap(({ rows }) => rows)).toEqual([])
  })
})

describe('connections', () => {
  it('are kept while the listener stays', async () => {
    const pool = await open({ max: 2 })
    let opened = 0
    pool.on('connect', () => (opened += 1))
    pool.on('acquire', setTenant)
    for (let i = 0; i < 30; i++) await tenants.run('a', () => pool.query(SEEN))
    expect(opened).toBeLessThanOrEqual(4)
  })

  it('are acquired as often as they are released', async () => {
    const pool = await open({ max: 2 })
    const counts = { acquire: 0, release: 0 }
    pool.on('acquire', () => (counts.acquire += 1))
    pool.on('release', () => (counts.release += 1))
    await Promise.all(Array.from({ length: 10 }, () => pool.query(SEEN)))
    const client = await pool.connect()
    await client.query('select set_tenant($1)', ['a'])
    client.release()
    await until('all is given back', () => pool.idleCount === pool.totalCount)
    expect(counts).toEqual({ acquire: 11, release: 11 })
  })

  it('run a read on the primary where a replica refuses what the listener sends', async () => {
    const pool = await open({ max: 2 })
    const failed: string[] = []
    pool.events.on('hookFailed', ({ node }) => failed.push(node))
    pool.on('acquire', (client) => {
      client.query('create temp table if not exists own (tenant text)').catch(() => {})
      client.query(`insert into own values ('${tenants.getStore()}')`).catch(() => {})
    })
    const read = async (): Promise<{ tenant: string }[]> => (await pool.query('select tenant from own')).rows
    expect(await strangers(8, read)).toEqual([])
    const seen = async (): Promise<{ tenant: string }[]> =>
      (await pool.query('select tenant from (select * from own) o')).rows
    expect(await strangers(4, seen)).toEqual([])
  })
})
