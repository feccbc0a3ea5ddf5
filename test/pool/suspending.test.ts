import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import { ASLEEP_AFTER_MS } from '../../src/platform/sleep-watch.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { root } from '../package/install.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table visits (id int)')
  await cluster.caughtUp()
})
afterAll(() => cluster?.stop())

/** Options of a pool with a role of its own, by which its connections are known. */
async function optionsOf(role: string, more: PoolOptions = {}): Promise<PoolOptions> {
  await ask(cluster.primary.config, `create role ${role} login superuser password 'secret'`)
  await cluster.caughtUp()
  const replicas = cluster.replicas.map(({ config: { host, port } }) => ({ host, port }))
  const { host, port, database } = cluster.primary.config
  const login = { host, port, database, user: role, password: 'secret' }
  return { ...login, replicas, logger: false, lifecycle: 'suspending', ...more }
}

async function connectionsOf(role: string): Promise<number> {
  const sql = 'select 1 from pg_stat_activity where usename = $1'
  const nodes = [cluster.primary, ...cluster.replicas]
  const rows = await Promise.all(nodes.map(({ config }) => ask(config, sql, [role])))
  return rows.flat().length
}

/** Longer than a process may be unused before it looks at the nodes again. */
const pass = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ASLEEP_AFTER_MS + 100))

/** Serves a few requests, and reports timers and statements of the time after each. */
const PROGRAM = `
  import { createHook } from 'node:async_hooks'
  import { Client } from 'pg'
  import { Pool } from 'pg-switchyard'
  const timers = new Map()
  createHook({
    init: (id, type) => type === 'Timeout' && timers.set(id, new Error().stack),
    destroy: id => timers.delete(id),
  }).enable()
  const options = JSON.parse(process.env.OPTIONS)
  const pool = new Pool(options)
  const hosts = [options, ...options.replicas]
  const lastUse = () => Promise.all(hosts.map(async ({ host, port }) => {
    const client = new Client({ ...options, host, port, ...JSON.parse(process.env.ADMIN) })
    await client.connect()
    const { rows } = await client.query(
      "select count(*)::int as n, max(state_change)::text as at from pg_stat_activity where usename = $1",
      [options.user],
    )
    await client.end()
    return rows[0]
  }))
  const seen = []
  for (const idleMs of [1_000, 2_500, 0]) {
    for (let i = 0; i < 3; i++) {
      await pool.query('insert into visits values (1)')
      await pool.query('select count(*) from visits')
    }
    await pool.transaction(client => client.query('insert into visits values (2)'))
    // Whatever is in flight ends: the catalog is loaded.
    const turn = () => new Promise(resolve => setImmediate(resolve))
    for (const end = Date.now() + 5_000; timers.size > 0 && Date.now() < end; ) await turn()
    const before = await lastUse()
    for (const end = Date.now() + idleMs; Date.now() < end; ) await turn()
    seen.push({ held: [...timers.values()], before, after: await lastUse() })
  }
  console.log(JSON.stringify(seen))
  await pool.end()
`

test('between requests there are no timers, and nothing is asked', { timeout: 60_000 }, async () => {
  // Idle connections stay, as the only timers are those of pg-pool for idle connections.
  const options = await optionsOf('quiet', { idleTimeoutMillis: 0 })
  const { user, password } = cluster.primary.config
  const env = { ...process.env, OPTIONS: JSON.stringify(options), ADMIN: JSON.stringify({ user, password }) }
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    cwd: root,
    env,
  })
  const seen = JSON.parse((await run).stdout) as {
    held: string[]
    before: { n: number }[]
    after: unknown[]
  }[]
  expect(seen.map(({ held }) => held)).toEqual([[], [], []])
  expect(seen.map(({ after }) => after)).toEqual(seen.map(({ before }) => before))
  expect(seen.every(({ before }) => before.every(({ n }) => n >= 1))).toBe(true)
})

describe('a pool of a process that may be suspended', () => {
  test('closes all connections when the last one for statements has been idle', async () => {
    const pool = new Pool(await optionsOf('closing', { idleTimeoutMillis: 100 }))
    await pool.query('insert into visits values (3)')
    await pool.query('select count(*) from visits')
    await until('all are closed', async () => (await connectionsOf('closing')) === 0)
    expect((await pool.query('select count(*) from visits')).rowCount).toBe(1)
    await pool.end()
  })

  test('closes the connections of the monitor when no statement has had one', async () => {
    const pool = new Pool(await optionsOf('explaining'))
    await pool.ready()
    expect(await connectionsOf('explaining')).toBeGreaterThan(0)
    await until('all are closed', async () => (await connectionsOf('explaining')) === 0)
    await pool.end()
  })

  test('reads from no replica by old knowledge: unknown lag is not zero', async () => {
    const pool = new Pool(await optionsOf('resuming', { consistency: 'bounded', maxStalenessMs: 500 }))
    await pool.query('select count(*) from visits where id = 4')
    await Promise.all(cluster.replicas.map((replica) => replica.pauseReplay()))
    try {
      await ask(cluster.primary.config, 'insert into visits values (4)')
      await pass()
      const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from visits where id = 4')
      expect(rows).toEqual([{ n: 1 }])
    } finally {
      await Promise.all(cluster.replicas.map((replica) => replica.resumeReplay()))
    }
    await until('replicas serve again', async () => {
      const before = pool.stats().reads * pool.stats().offload
      await pool.query('select count(*) from visits where id = 4')
      return pool.stats().reads * pool.stats().offload > before
    })
    await pool.end()
  })

  test('knows nothing of the nodes any more when a statement comes after a while, and looks at them', async () => {
    const pool = new Pool(await optionsOf('looking'))
    const states = (): string[] => pool.stats().nodes.map(({ state }) => state)
    await pool.query('select count(*) from visits')
    for (const statement of ['select count(*) from visits', 'insert into visits values (6)']) {
      await pass()
      const answer = pool.query(statement)
      expect(states()).toEqual(['pending', 'pending', 'pending'])
      await answer
      expect(states()).not.toContain('pending')
    }
    await pool.end()
  })

  test('finds the new primary after a promotion between two requests', async () => {
    const pool = new Pool(await optionsOf('promoted'))
    await pool.query('insert into visits values (5)')
    await cluster.promote(0)
    await pass()
    const before = performance.now()
    await pool.query('insert into visits values (5)')
    expect((await pool.query('select * from visits where id = 5')).rowCount).toBe(2)
    expect(performance.now() - before).toBeLessThan(5_000)
    await pool.end()
  })
})
