import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    `create role app login password 'one'; create table items as select 1 as id; grant all on items to app`,
  )
})

afterAll(async () => {
  await cluster.stop()
})

beforeEach(async () => {
  await ask(cluster.primary.config, `alter role app password 'one'`)
  await cluster.caughtUp()
})

afterEach(async () => {
  await pool.end()
})

async function open(options: PoolOptions = {}, replica: object = {}): Promise<void> {
  const { database, host, port } = cluster.primary.config
  const replicas = cluster.replicas.map(({ config }) => ({
    host: config.host,
    port: config.port,
    ...replica,
  }))
  const login = { user: 'app', password: 'one', database, host, port }
  pool = new Pool({ ...login, replicas, probeIntervalMs: 50, logger: false, ...options })
  await replicasReady(pool)
  await Promise.all([pool.query('select id from items'), pool.query('insert into items values (1)')])
}

function addresses(): { host: string | undefined; port: number | undefined }[] {
  return [cluster.primary, ...cluster.replicas].map(({ config: { host, port } }) => ({ host, port }))
}

/** Ends every connection of the role, the monitor's too: what follows logs in anew. */
async function cutAll(): Promise<void> {
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`
  await Promise.all([cluster.primary, ...cluster.replicas].map(({ config }) => ask(config, cut)))
}

it.each([
  ['', () => {}],
  [', also when the nodes were named once more', (): void => pool.setNodes(addresses())],
])(
  'a password that has changed is used for every new connection, of replicas and probes too%s',
  async (_when, prepare) => {
    await open()
    prepare()
    await ask(cluster.primary.config, `alter role app password 'two'`)
    await cluster.caughtUp()
    pool.options.password = 'two'
    await cutAll()
    await until('a read comes from the replica again', async () => {
      await pool.query('select id from items').catch(() => {})
      const { plan } = await pool.explain('select id from items')
      return plan.candidates[0]?.role === 'replica'
    })
    const before = pool.stats().nodes[1]?.reads ?? 0
    await pool.query('select id from items')
    expect(pool.stats().nodes[1]?.reads).toBe(before + 1)
    await pool.query('insert into items values (2)')
  },
)

it('an option that a replica has of its own does not follow', async () => {
  await open({}, { application_name: 'own' })
  pool.options.application_name = 'changed'
  await cutAll()
  await until('both are connected to anew', async () => {
    await Promise.allSettled([pool.query('select id from items'), pool.query('insert into items values (1)')])
    const named = `select distinct application_name as name from pg_stat_activity where usename = 'app' and application_name in ('own', 'changed')`
    const [primary, replica] = await Promise.all(
      [cluster.primary, ...cluster.replicas].map(({ config }) => ask(config, named)),
    )
    return primary?.[0]?.['name'] === 'changed' && replica?.[0]?.['name'] === 'own'
  })
})

it('max, and the timeouts of new connections', async () => {
  await open({ max: 1, primarySpill: { share: 0 } })
  const sleepers = (): Promise<unknown>[] =>
    Array.from({ length: 3 }, () => pool.query('select pg_sleep(0.2), id from items'))
  await Promise.all(sleepers())
  expect(pool.stats().nodes[1]?.connections.total).toBe(1)
  Object.assign(pool.options, { max: 3, statement_timeout: 12_345 })
  await Promise.all(sleepers())
  expect(pool.stats().nodes[1]?.connections.total).toBe(3)
  await cutAll()
  await until('a new connection has the timeout', async () => {
    const asked = await pool
      .query<{ ms: string }>(`select current_setting('statement_timeout') as ms`)
      .catch(() => undefined)
    return asked?.rows[0]?.ms === '12345ms'
  })
})
