import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { TENANT_SCHEMA } from './schema.ts'

let cluster: Cluster
const poolFor = poolsForTests(() => cluster, { max: 1 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, TENANT_SCHEMA)
})
afterAll(() => cluster?.stop())

const singles: Pool[] = []
afterEach(() => Promise.all(singles.splice(0).map((pool) => pool.end())))

function alone(): Promise<Pool> {
  const pool = new Pool({ ...cluster.primary.config, max: 1 })
  singles.push(pool)
  return Promise.resolve(pool)
}

const FOUND = `select current_user as who, current_setting('search_path') as path,
  current_setting('app.other', true) as other`

it.each(
  [
    "select set_config('search_path', 't8', false)",
    "select pg_catalog.set_config('search_path', 't8', false), set_config('app.other', '1', false)",
    "select set_config('role', 'other', false) from log",
    "with s as (select set_config('search_path', 't8', false) as v) select * from s",
    "select set_config(name, 't8', false) from (values ('search_path')) v (name)",
    "insert into log select set_config('search_path', 't8', false)",
    "explain analyze select set_config('search_path', 't8', false)",
    "explain (costs, analyze) select set_config('app.other', '1', false)",
    "do $$begin perform set_config('app.other', '1', false); end$$",
    'select 1; set search_path = t8',
    'set search_path = t8',
  ].flatMap((text) => [[text, 'a primary and a replica'] as const, [text, 'one node'] as const]),
)('%s leaves nothing with %s', async (text, kind) => {
  const pool = await (kind === 'one node' ? alone() : poolFor())
  const look = async (): Promise<unknown> =>
    (await pool.query({ text: FOUND, ...(kind !== 'one node' && { route: 'primary' }) })).rows[0]
  const before = await look()
  await pool.query("insert into log values ('row')")
  await pool.withSession({ settings: { search_path: 'public, t7' } }, () => pool.query(text))
  expect(await look()).toEqual(before)
})
