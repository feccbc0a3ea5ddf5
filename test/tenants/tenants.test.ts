import Cursor from 'pg-cursor'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { outcomeOf, Pool, type SessionOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { WAITING } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { TENANT_SCHEMA } from './schema.ts'

let cluster: Cluster
const poolFor = poolsForTests(() => cluster, { ...WAITING, max: 4 })

const SHOWN = "select current_setting('app.tenant', true) as tenant, current_user as who"

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, TENANT_SCHEMA)
})
afterAll(() => cluster?.stop())

const singles: Pool[] = []
afterEach(() => Promise.all(singles.splice(0).map((pool) => pool.end())))

function alone(max: number = 4): Pool {
  const pool = new Pool({ ...cluster.primary.config, max })
  singles.push(pool)
  return pool
}

function asTenant(tenant: string): SessionOptions {
  return { settings: { 'app.tenant': tenant }, role: 'app_user' }
}

async function column(pool: Pick<Pool, 'query'>, text: string, values?: unknown[]): Promise<unknown[]> {
  const { rows } = await pool.query<Record<string, unknown>>(text, values)
  return rows.map((row) => Object.values(row)[0])
}

/** What statements without a session find on the connections that are free now, and on new ones. */
async function withoutTenant(pool: Pool): Promise<unknown[]> {
  const asked = Array.from({ length: 6 }, (_, i) =>
    pool.query<{ tenant: unknown; who: unknown }>({
      text: SHOWN,
      ...(i % 2 === 0 ? { route: 'primary' } : {}),
    }),
  )
  const found = (await Promise.all(asked)).map(({ rows }) => rows[0])
  return [...new Set(found.map((row) => `${String(row?.tenant)} ${String(row?.who)}`))]
}

describe.each([
  ['a primary and a replica', {}],
  ['one node', { replicas: [] }],
  ['tiers', { tiers: { default: { statementTimeoutMs: 60_000 } } }],
] as const)('%s', (kind, options) => {
  const open = (): Promise<Pool> => (kind === 'one node' ? Promise.resolve(alone()) : poolFor(options))
  const nobody = (): string => `null ${cluster.primary.config.user}`

  it('holds the settings and the role for reads and writes, on each node, and for nobody else', async () => {
    const pool = await open()
    await pool.withSession(asTenant('3'), async () => {
      const row = [{ tenant: '3', who: 'app_user' }]
      for (const route of [undefined, 'primary', 'replica'] as const)
        expect((await pool.query({ text: SHOWN, ...(route && { route }) })).rows).toEqual(row)
      expect(await column(pool, 'select tenant from rows where id > $1', [0])).toEqual(['3', '3', '3'])
      expect(await column(pool, "insert into rows (tenant) values ('3') returning tenant")).toEqual(['3'])
      expect(await column(pool, 'delete from rows where label is null returning tenant')).toEqual(['3'])
      await expect(pool.query("insert into rows (tenant) values ('4')")).rejects.toMatchObject({
        code: '42501',
      })
    })
    expect(await withoutTenant(pool)).toEqual([nobody()])
    if (kind === 'one node') return
    const { plan } = await pool.withSession(asTenant('3'), () => pool.explain('select tenant from rows'))
    expect(plan.candidates[0]?.role).toBe('replica')
  })

  it('holds them for clients and transactions until they are released', async () => {
    const pool = await open()
    const seen = await pool.withSession(asTenant('2'), async () => {
      const client = await pool.connect()
      const found = [await column(client, SHOWN), await column(client, 'select distinct tenant from rows')]
      await client.query('begin')
      await client.query("set local app.tenant = '5'")
      found.push(await column(client, 'select distinct tenant from rows'))
      await client.query('rollback')
      found.push(await column(client, 'select distinct tenant from rows'))
      await client.query("set app.tenant = '1'; set role other; create temp table mine (id int)")
      client.release()
      const own = (c: Pick<Pool, 'query'>): Promise<unknown[]> =>
        column(c, 'select distinct tenant from rows')
      found.push(await pool.transaction(own))
      found.push(await pool.transaction(own, { readOnly: true }))
      const again = await pool.connect()
      found.push(await column(again, 'select distinct tenant from rows'))
      again.release()
      return found
    })
    expect(seen).toEqual([['2'], ['2'], ['5'], ['2'], ['2'], ['2'], ['2']])
    expect(await withoutTenant(pool)).toEqual([nobody()])
    const client = await pool.connect()
    expect(await column(client, SHOWN)).toEqual([null])
    expect(await column(client, 'select current_user')).toEqual([cluster.primary.config.user])
    client.release()
  })

  it('holds them for cursors, named queries, callbacks and other forms of queries', async () => {
    const pool = await open()
    await pool.withSession(asTenant('4'), async () => {
      const client = await pool.connect()
      const cursor = client.query(new Cursor<{ tenant: string }>('select tenant from rows'))
      expect((await cursor.read(10)).map(({ tenant }) => tenant)).toEqual(['4', '4', '4'])
      await cursor.close()
      client.release()
      const named = {
        name: 'mine',
        text: 'select tenant from rows where id > $1',
        values: [0],
        rowMode: 'array' as const,
      }
      for (let i = 0; i < 3; i += 1) expect((await pool.query(named)).rows).toEqual([['4'], ['4'], ['4']])
      const called = await new Promise((resolve, reject) => {
        pool.query('select distinct tenant from rows', (error: Error | undefined, result) =>
          error ? reject(error) : resolve(result.rows),
        )
      })
      expect(called).toEqual([{ tenant: '4' }])
      const types = { getTypeParser: () => (text: string | Buffer) => `<${String(text)}>` }
      expect((await pool.query({ text: 'select distinct tenant from rows', types })).rows).toEqual([
        { tenant: '<4>' },
      ])
      const several = (await pool.query(
        "select 1 as one; select current_setting('app.tenant') as tenant",
      )) as unknown as {
        rows: unknown
      }[]
      expect(several.map(({ rows }) => rows)).toEqual([[{ one: 1 }], [{ tenant: '4' }]])
      expect(await column(pool, `/* a /* nested */ comment */ ${SHOWN}`)).toEqual(['4'])
      expect(await column(pool, `-- select\n${SHOWN}`)).toEqual(['4'])
      await expect(pool.query({ text: 'select $1::text', values: 'x' as unknown as [] })).rejects.toThrow(
        'must be an array',
      )
      await expect(pool.query('copy log from stdin')).rejects.toThrow('No source stream defined')
      expect((await pool.query('')).rows).toEqual([])
    })
    expect(await withoutTenant(pool)).toEqual([nobody()])
  })

  it('runs what refuses an implicit transaction, and undoes the settings after it', async () => {
    const pool = await open()
    await pool.withSession({ settings: { 'app.tenant': '7' } }, async () => {
      await pool.query('vacuum log')
      await pool.query('create index concurrently if not exists tenant_rows on rows (tenant)')
      await pool.query('call commits()')
      await pool.query("do $$ begin perform set_config('app.other', '1', false); commit; end $$")
      expect(await column(pool, 'select line from log')).toContain('7')
      await pool.query("set search_path = 't8'")
      await pool.query('begin')
      expect(await column(pool, 'show search_path')).not.toEqual(['t8'])
    })
    expect(await withoutTenant(pool)).toEqual([nobody()])
    expect(await column(pool, 'show search_path')).not.toEqual(['t8'])
  })

  it.each(['/* route: primary */ select 1', 'select 1', 'vacuum log'])(
    'leaves a role and a setting of PostgreSQL on no connection: %s',
    async (text) => {
      const pool = await open()
      await pool.withSession({ settings: { work_mem: '9MB' }, role: 'app_user' }, () => pool.query(text))
      expect(await withoutTenant(pool)).toEqual([nobody()])
      expect(await column(pool, '/* route: primary */ show work_mem')).not.toEqual(['9MB'])
    },
  )

  it('leaves nothing after an error', async () => {
    const pool = await open()
    for (const text of [
      'select 1/0',
      'selec',
      'insert into rows values (1, 2, 3, 4)',
      'vacuum nothing',
      'select 1; select 1/0',
    ]) {
      await expect(pool.withSession(asTenant('7'), () => pool.query(text))).rejects.toMatchObject({
        severity: 'ERROR',
      })
      expect(await withoutTenant(pool)).toEqual([nobody()])
    }
    const killed = pool.withSession({ settings: { 'app.tenant': '7' } }, () =>
      pool.query('insert into log select pg_sleep(0) from pg_terminate_backend(pg_backend_pid())'),
    )
    await expect(killed).rejects.toThrow('terminating connection')
    expect(await withoutTenant(pool)).toEqual([nobody()])
  })

  it.each<readonly [what: string, options: SessionOptions]>([
    ['no such role', { role: 'nobody here' }],
    [
      'a setting that is not allowed',
      { settings: { 'app.tenant': '1', work_mem: 'much' }, role: 'app_user' },
    ],
    ['a setting that does not exist', { settings: { nothing_like_it: '1' } }],
  ])('%s: the statement does not run', async (_, session) => {
    const pool = await open()
    const marker = `marker ${kind} ${_}`
    const texts = [
      `insert into log values ('${marker}')`,
      `/*/**/*/ insert into log values ('${marker}')`,
      'select 1',
    ]
    for (const text of texts) {
      const error: unknown = await pool
        .withSession(session, () => pool.query(text))
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
      expect(error).toMatchObject({ code: 'SWITCHYARD_SETTING_REFUSED' })
      expect(outcomeOf(error)).toBe('not-sent')
      expect((error as Error).message).not.toContain('nobody here')
    }
    const client = pool.withSession(session, () =>
      pool.transaction((held) => held.query(`insert into log values ('${marker}')`)),
    )
    await expect(client).rejects.toMatchObject({ code: 'SWITCHYARD_SETTING_REFUSED' })
    expect(await ask(cluster.primary.config, `select * from log where line = '${marker}'`)).toEqual([])
  })

  it('gives nested sessions the settings of the outer one, and their own', async () => {
    const pool = await open()
    const text =
      "select current_setting('app.tenant', true) || ' ' || current_setting('search_path') || ' ' || current_user"
    await pool.withSession(
      { settings: { 'app.tenant': 1, Search_Path: 't7' }, role: 'app_user' },
      async () => {
        expect(await pool.withSession({}, () => column(pool, text))).toEqual(['1 t7 app_user'])
        const inner = { settings: { 'APP.tenant': true }, role: 'none' }
        const user = cluster.primary.config.user
        expect(await pool.withSession(inner, () => column(pool, text))).toEqual([`true t7 ${user}`])
        expect(await column(pool, text)).toEqual(['1 t7 app_user'])
      },
    )
  })

  it('judges functions of another schema as what they are', async () => {
    const pool = await open()
    const writes = await ask(cluster.primary.config, "select count(*)::int as n from log where line = 't8'")
    for (const [schema, label] of [
      ['t7', 't7'],
      ['t8', 't8'],
      ['t7', 't7'],
    ] as const) {
      await pool.withSession({ settings: { search_path: schema } }, async () => {
        expect(await column(pool, 'select label()')).toEqual([label])
        expect((await pool.query({ name: 'things', text: 'select * from things' })).fields).toHaveLength(
          schema === 't7' ? 1 : 2,
        )
        for (let i = 0; i < 8; i += 1)
          expect(await column(pool, 'select name from things')).toEqual([schema === 't7' ? 'seven' : 'eight'])
      })
    }
    const after = await ask(cluster.primary.config, "select count(*)::int as n from log where line = 't8'")
    expect(Number(after[0]?.['n']) - Number(writes[0]?.['n'])).toBe(1)
  })
})

it('a policy that writes for the role of the session keeps the read on the primary', async () => {
  const pool = await poolFor()
  const { plan } = await pool.withSession({ role: 'app_user' }, () => pool.explain('select * from watched'))
  expect(plan.candidates[0]?.role).toBe('primary')
  expect(await pool.withSession({ role: 'app_user' }, () => column(pool, 'select * from watched'))).toEqual([
    1,
  ])
  expect(await column(pool, "select count(*)::int from log where line = 'audited'")).toEqual([1])
})

it('explain() shows the names of the settings, and no values', async () => {
  const pool = await poolFor()
  const explained = pool.withSession(asTenant('hidden value'), async () => {
    const client = await pool.connect()
    const both = [await pool.explain('select 1'), await pool.explain('select 1', client)]
    client.release()
    return both
  })
  for (const explanation of await explained) {
    expect(explanation.settings).toEqual(['app.tenant', 'role'])
    expect(JSON.stringify(explanation)).not.toContain('hidden value')
  }
  expect(await pool.explain('select 1')).not.toHaveProperty('settings')
})

describe('connections', () => {
  it.each<readonly [what: string, text: string]>([
    ['a read', 'select $1::text'],
    ['a write', 'insert into public.log values ($1)'],
    ['a statement that refuses an implicit transaction', 'vacuum public.log'],
  ])('%s leaves neither a role nor a path on its connection, which is used again', async (_, text) => {
    const left = "select pg_backend_pid() as pid, current_user || current_setting('search_path') as found"
    for (const pool of [await poolFor({ max: 1 }), alone(1)]) {
      const look = async (): Promise<unknown> =>
        (await pool.query({ text: left, ...(pool.stats().nodes.length > 0 && { route: 'primary' }) })).rows[0]
      const before = await look()
      const values = text.includes('$1') ? ['x'] : []
      for (let i = 0; i < 2; i += 1) {
        await pool.withSession({ settings: { search_path: 't7' }, role: 'pg_write_all_data' }, async () => {
          if (text.startsWith('vacuum')) return pool.withSession({ role: 'none' }, () => pool.query(text))
          const given = { text, values, ...(pool.stats().nodes.length > 0 && { route: 'primary' as const }) }
          return pool.query(given)
        })
        expect(await look()).toEqual(before)
      }
    }
  })

  it('a setting with a default of its own leaves nothing, and costs no connection', async () => {
    const pool = await poolFor({ options: '-c app.tenant=', max: 1 })
    const pids = new Set<unknown>()
    for (let i = 0; i < 3; i += 1) {
      const text = "select pg_backend_pid() as pid, current_setting('app.tenant', true) as tenant"
      const mine = await pool.withSession({ settings: { 'app.tenant': '7' } }, () =>
        pool.query<{ pid: number }>({ text, route: 'primary' }),
      )
      const { rows } = await pool.query<{ pid: number; tenant: string }>({ text, route: 'primary' })
      expect(rows[0]?.tenant).toBe('')
      pids.add(mine.rows[0]?.pid).add(rows[0]?.pid)
    }
    expect(pids.size).toBe(1)
  })

  it('callers with a tenant and without one keep to their connections', async () => {
    const pool = await poolFor({ max: 4 })
    const text = 'select pg_backend_pid() as pid'
    const pidsOf = async (options: SessionOptions | undefined): Promise<number[]> => {
      const query = (): Promise<{ rows: { pid: number }[] }> =>
        pool.query<{ pid: number }>({ text, route: 'primary' })
      const run = (): typeof answers => Promise.all([query(), query()])
      const answers: Promise<{ rows: { pid: number }[] }[]> =
        options === undefined ? Promise.all([query(), query()]) : pool.withSession(options, run)
      return (await answers).flatMap(({ rows }) => rows.map(({ pid }) => pid)).toSorted((a, b) => a - b)
    }
    const tenants = await pidsOf(asTenant('1'))
    const others = await pidsOf(undefined)
    for (let i = 0; i < 5; i += 1) {
      expect(await pidsOf(asTenant(String(i)))).toEqual(tenants)
      expect(await pidsOf(undefined)).toEqual(others)
    }
    // A session with another setting must find the first one to be NULL.
    const seen = await pool.withSession({ settings: { 'app.user': '1' } }, () => column(pool, SHOWN))
    expect(seen).toEqual([null])
  })
})
