import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import type { Pool, RouterEvents } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { runCommand, urlOf } from '../support/cli.ts'
import { itemsTable, startClusterWith, Tally } from '../support/ground.ts'
import { poolOver, WAITING } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { startProxy } from '../support/tcp-proxy.ts'

// PostgreSQL 13: the query that loads the catalog reads columns that it lacks.

let cluster: Cluster
let pool: Pool
let failure: RouterEvents['catalogFailed'][0]

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(20))
  pool = poolOver(cluster, { probeIntervalMs: 50, ...WAITING })
  const failed = once(pool.events, 'catalogFailed')
  // The second statement starts the load.
  for (let i = 0; i < 2; i++) await pool.query('select * from items where id = 1')
  ;[failure] = (await failed) as RouterEvents['catalogFailed']
})
afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

it('the pool says that it has no catalog', () => {
  expect(failure).toMatchObject({ isLoaded: false, cause: { code: '42703' } })
  expect(pool.stats().catalog).toBe('builtin')
})

it('reads of the system’s own objects run on replicas, those of tables on the primary', async () => {
  await until('the replicas are known to be fresh', async () => {
    const { plan } = await pool.explain('select count(*) from pg_class')
    return plan.candidates.filter(({ reason }) => reason === 'replica').length === 2
  })
  const tally = new Tally(pool)
  await pool.query('select count(*) from pg_class')
  expect(tally.queries()[0]).toBe(0)
  await pool.query('select count(*) from items')
  expect(tally.queries()[0]).toBe(1)
})

it('reads show writes, in transactions too', async () => {
  for (let i = 0; i < 10; i++) {
    await pool.query('update items set label = $1 where id = 1', [`label ${i}`])
    const { rows } = await pool.query('select label from items where id = 1')
    expect(rows).toEqual([{ label: `label ${i}` }])
  }
  const read = await pool.transaction(
    async (client) => (await client.query('select label from items where id = 1')).rows,
    { readOnly: true },
  )
  expect(read).toEqual([{ label: 'label 9' }])
})

it('reads show writes while no replica replays, and replicas show them later', async () => {
  for (const node of cluster.replicas) await node.pauseReplay()
  await pool.query('create table later as select 1 as n')
  expect((await pool.query('select n from later')).rows).toEqual([{ n: 1 }])
  const exists = `select to_regclass('later')::text as name`
  for (const { config } of cluster.replicas) expect(await ask(config, exists)).toEqual([{ name: null }])
  await expect(cluster.caughtUp()).rejects.toThrow('its replay is paused')
  for (const node of cluster.replicas) await node.resumeReplay()
  await cluster.caughtUp()
  for (const { config } of cluster.replicas) expect(await ask(config, exists)).toEqual([{ name: 'later' }])
})

it('doctor says that the functions could not be examined', async () => {
  const { stdout, stderr } = await runCommand('doctor', doctor, [
    '--json',
    '--primary',
    urlOf(cluster.primary),
  ])
  expect(stderr).toBe('')
  const { findings } = JSON.parse(stdout) as { findings: readonly { id: string; what: string }[] }
  expect(findings.map(({ id, what }) => `${id}: ${what}`)).toEqual([
    expect.stringMatching(
      /^could-not-check: Could not check views that stay on the primary: .* p\.prosqlbody/,
    ),
    expect.stringMatching(/^could-not-check: Could not check functions: .* p\.prosqlbody/),
  ])
})

it('a new connection to the address of the primary that reaches a standby serves nothing', async () => {
  const { primary, replicas } = cluster
  await using way = await startProxy(primary.config)
  const misled = poolOver(cluster, way.config)
  const read = { text: 'select count(*)::int as n from items where id > 100', consistency: 'strong' } as const
  const counted = async (): Promise<number> => (await misled.query<{ n: number }>(read)).rows[0]?.n ?? 0
  try {
    await misled.query('delete from items where id > 100')
    await cluster.caughtUp()
    for (const node of replicas) await node.pauseReplay()
    await misled.query('insert into items select 101')
    way.lead(replicas.map(({ config }) => config))
    const { connections } = way
    const counts = Promise.all(Array.from({ length: 6 }, counted))
    await until('a new connection has reached a standby', () => way.connections > connections)
    way.lead([primary.config])
    expect(await counts).toEqual([1, 1, 1, 1, 1, 1])
  } finally {
    for (const node of replicas) await node.resumeReplay()
    await misled.end()
  }
})

it('writes go on after a promotion', async () => {
  await cluster.promote(0)
  await until('the pool has a new primary', () =>
    pool.query('update items set label = $1 where id = 2', ['promoted']).then(
      () => true,
      () => false,
    ),
  )
  expect((await pool.query('select label from items where id = 2')).rows).toEqual([{ label: 'promoted' }])
})
