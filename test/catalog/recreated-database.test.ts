import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  for (const [name, body] of [
    ['reading', 'select 1::bigint'],
    ['writing', `select nextval('counter')`],
  ] as const) {
    await askIn('postgres', `create database ${name}`)
    const label = name === 'reading' ? 'stable' : 'volatile'
    await askIn(
      name,
      `create sequence counter; create function f() returns bigint language sql ${label} as $$ ${body} $$`,
    )
  }
})

afterAll(() => cluster.stop())

async function askIn(database: string, sql: string): Promise<void> {
  await ask({ ...cluster.primary.config, database }, sql)
}

async function makeShop(template: string): Promise<void> {
  await askIn('postgres', 'drop database if exists shop with (force)')
  // Its rows are as old as the template's, so that a look at what is new shows nothing.
  await askIn('postgres', `create database shop template ${template}`)
  await cluster.caughtUp()
}

function openShop(): Pool {
  const nodes = cluster.nodes.map(({ config }) => ({ ...config, database: 'shop' }))
  return new Pool({ ...nodes[0], replicas: nodes.slice(1), logger: false })
}

async function roleOf(pool: Pool): Promise<string> {
  const { route } = await pool.explain('select f()')
  return route.role
}

test('no statement is judged by the catalog of a database that had this name before', async () => {
  await makeShop('reading')
  const before = openShop()
  await before.query('select 1')
  await until('the function is known to read', async () => (await roleOf(before)) === 'replica')
  await before.end()

  await makeShop('writing')
  const after = openShop()
  const roles = new Set<string>()
  for (const endMs = performance.now() + 3_000; performance.now() < endMs;) {
    await after.query('select 1')
    roles.add(await roleOf(after))
  }
  await after.end()
  expect([...roles]).toEqual(['primary'])
})

test('nor by that of the database that a pool was opened for', async () => {
  await makeShop('reading')
  const pool = openShop()
  await pool.query('select 1')
  await until('the function is known to read', async () => (await roleOf(pool)) === 'replica')
  await makeShop('writing')
  await until('the function is known to write', async () => (await roleOf(pool)) === 'primary')
  await pool.ready()
  for (const endMs = performance.now() + 2_000; performance.now() < endMs;) {
    await pool.query('select 1')
    expect(await roleOf(pool)).toBe('primary')
  }
  await pool.end()
})
