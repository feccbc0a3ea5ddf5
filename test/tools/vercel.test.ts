import { attachDatabasePool } from '@vercel/functions'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Pool } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table visits (id int)')
  await ask(cluster.primary.config, "create role vercel login superuser password 'secret'")
  await cluster.caughtUp()
})
afterAll(() => cluster?.stop())
afterEach(() => void vi.unstubAllEnvs())

const CONTEXT = Symbol.for('@vercel/request-context')

async function connections(): Promise<number> {
  const nodes = [cluster.primary, ...cluster.replicas]
  const sql = "select 1 from pg_stat_activity where usename = 'vercel'"
  return (await Promise.all(nodes.map(({ config }) => ask(config, sql)))).flat().length
}

test('what attachDatabasePool waits for leaves no connection on any server', async () => {
  vi.stubEnv('VERCEL_URL', 'example.vercel.app')
  vi.stubEnv('VERCEL_REGION', 'iad1')
  const waited: Promise<unknown>[] = []
  Reflect.set(globalThis, CONTEXT, {
    get: () => ({ waitUntil: (promise: Promise<unknown>) => void waited.push(promise) }),
  })
  const login = { user: 'vercel', password: 'secret' }
  const pool = new Pool({
    ...cluster.primary.config,
    ...login,
    replicas: cluster.replicas.map(({ config: { host, port } }) => ({ host, port })),
    lifecycle: 'suspending',
    idleTimeoutMillis: 1_000,
    logger: false,
  })
  attachDatabasePool(pool)
  try {
    for (let i = 0; i < 3; i++) {
      await pool.query('insert into visits values (1)')
      expect((await pool.query('select * from visits')).rowCount).toBe(i + 1)
    }
    expect(await connections()).toBeGreaterThan(0)
    // From here on the platform may freeze the process.
    await Promise.all(waited)
    expect(waited.length).toBeGreaterThan(0)
    await until('the servers have closed them', async () => (await connections()) === 0)
    expect(pool.stats().nodes.map(({ state }) => state)).toEqual(['pending', 'pending'])
  } finally {
    Reflect.deleteProperty(globalThis, CONTEXT)
    await pool.end()
  }
})
