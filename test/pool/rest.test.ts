import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { functionDiscovery, Pool, type PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { root } from '../package/install.ts'
import { clientThatTells } from '../support/sending-client.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

/** Longer than a pool takes to come to rest, in milliseconds. */
const LONG_MS = 30_000
const byName = (name: string): PoolOptions => ({
  ...cluster.primary.config,
  replicas: cluster.replicas.map(({ config }) => config),
  logger: false,
  idleTimeoutMillis: 1_000,
  // Of the monitor's connections only the user tells whose they are.
  ...({ user: name } as PoolOptions),
})

/** Connections of this role to all servers. */
async function connectionsOf(role: string): Promise<number> {
  const sql = `select count(*)::int as n from pg_stat_activity where usename = '${role}'`
  const nodes = [cluster.primary, ...cluster.replicas].filter(({ running }) => running)
  const rows = await Promise.all(nodes.map(({ config }) => ask(config, sql)))
  return rows.reduce((sum, [row]) => sum + Number(row?.['n']), 0)
}

/** Uses 15 pools, drops them, and tells how many are gone when they have come to rest. */
const PROGRAM = `
  import { setTimeout } from 'node:timers/promises'
  import { Pool } from 'pg-switchyard'
  const use = async () => {
    const pool = new Pool(JSON.parse(process.env.OPTIONS))
    await pool.ready()
    for (let i = 0; i < 3; i++) await pool.query('select count(*) from kept')
    return [new WeakRef(pool), new WeakRef(pool.events)]
  }
  const used = await Promise.all(Array.from({ length: 15 }, use))
  const isGone = ([pool, events]) => pool.deref() === undefined && events.deref() === undefined
  let gone = 0
  for (const end = Date.now() + 30_000; gone < used.length && Date.now() < end; ) {
    await setTimeout(200)
    globalThis.gc()
    gone = used.filter(isGone).length
  }
  console.log('gone:', gone)
`

let cluster: Cluster
/** A process that drops its pools. */
let dropping: Promise<{ stdout: string }>
let waking: Pool
let session: ReturnType<Pool['session']>
let client: PoolClient

// Both take the same time to come to rest, so they do it side by side.
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(
    cluster.primary.config,
    `create table kept (id int);
     create role dropping login superuser password 'secret';
     create role waking login superuser password 'secret'`,
  )
  await cluster.caughtUp()
  const env = { ...process.env, OPTIONS: JSON.stringify({ ...byName('dropping'), password: 'secret' }) }
  const args = ['--expose-gc', '--input-type=module', '--eval', PROGRAM]
  dropping = promisify(execFile)(process.execPath, args, { cwd: root, env })
  dropping.catch(() => {})
  await until('the pools are in use', async () => (await connectionsOf('dropping')) > 15, LONG_MS)
  waking = new Pool({ ...byName('waking'), password: 'secret' })
  await waking.ready()
  session = waking.session()
  await session.run(() => waking.query('insert into kept values (1)'))
  client = await waking.connect()
  await client.query('select 1')
})
afterAll(async () => {
  await waking?.end()
  await cluster?.stop()
})

it('pools that are dropped close everything, and are gone', { timeout: 2 * LONG_MS }, async () => {
  await until('nothing is left', async () => (await connectionsOf('dropping')) === 0, LONG_MS)
  expect((await dropping).stdout.trim()).toBe('gone: 15')
})

it(
  'a pool that wakes starts over: roles are probed, the catalog is compared, and sessions keep their promises',
  { timeout: 3 * LONG_MS },
  async () => {
    await until('it rests', async () => (await connectionsOf('waking')) === 0, LONG_MS)
    expect(waking.stats()).toMatchObject({ catalog: 'builtin', nodes: [{ state: 'pending' }, {}, {}] })
    expect(await session.token()).toBeDefined()

    await cluster.promote(0)
    await ask(cluster.primary.config, 'create view made_meanwhile as select * from kept')
    // A client that was kept, too.
    expect((await client.query('select pg_is_in_recovery() as is from kept')).rowCount).toBe(1)
    client.release()
    await session.run(async () => {
      expect((await waking.query('select * from kept')).rowCount).toBe(1)
      await waking.query('insert into kept values (2)')
      expect((await waking.query('select * from kept')).rowCount).toBe(2)
    })
    await waking.ready()
    expect((await waking.explain('select * from made_meanwhile')).statement.reason).toBe('select')
  },
)

it('the pool’s own queries have no request as their parent', async () => {
  const requests = new AsyncLocalStorage<string>()
  const seen = new Map<string, Set<string | undefined>>()
  const note = (what: string): void => {
    const contexts = seen.get(what) ?? new Set()
    seen.set(what, contexts.add(requests.getStore()))
  }
  const Noting = clientThatTells((text, { application_name: name }) => {
    if (name === 'pg-switchyard monitor') note(text.includes('WITH RECURSIVE') ? 'catalog' : 'probe')
    return undefined
  })
  const { password, ...config } = cluster.primary.config
  const nodes = [cluster.primary, ...cluster.replicas].filter(({ running }) => running)
  const discovery = functionDiscovery(
    async () => {
      note('discovery')
      return nodes.map(({ config: { host, port } }) => ({ host, port }))
    },
    { intervalMs: 1_000 },
  )
  const pool = new Pool({
    ...config,
    password: () => password,
    discovery,
    logger: false,
    Client: Noting,
  })
  try {
    await requests.run('the first request', async () => {
      await pool.query('select 1')
      await pool.query('select * from kept')
      await pool.query('create table noted (id int)')
      await pool.query('select * from noted')
    })
    const counts = new Map<string, number>()
    await until('everything was asked', () => {
      for (const [what, contexts] of seen) counts.set(what, contexts.size)
      return ['catalog', 'probe', 'discovery'].every((what) => counts.has(what))
    })
    expect([...seen.values()].flatMap((contexts) => [...contexts])).toEqual([undefined, undefined, undefined])
  } finally {
    await pool.end()
  }
})
