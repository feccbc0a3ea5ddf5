import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pool } from '../../src/index.ts'
import { EnginePool } from '../../src/statement/engine-pool.ts'
import { engineFactory } from '../../src/statement/libpg-query-engine.ts'
import { LibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    'create table notes (id int)',
    'create table others (id int)',
  )
})
afterAll(() => cluster.stop())

/** Runs the first statement of a pool. Returns the reason of its kind. */
async function reasonOfFirst(pool: Pool): Promise<string | undefined> {
  let reason: string | undefined
  pool.events.once('decision', ({ statement }) => (reason = statement))
  await pool.query('select 1')
  return reason
}

function newPool(more: object = {}): Pool {
  // The parser of the process may have been loaded by another test.
  const parser = new LibpgQueryParser(new EnginePool(engineFactory().create, 2 ** 30))
  const replicas = cluster.replicas.map(({ config }) => config)
  return new Pool({
    ...cluster.primary.config,
    replicas,
    parser,
    max: 1,
    logger: false,
    ...more,
  })
}

const set = (client: PoolClient): unknown => client.query("set application_name = 'hook'")

test.each<readonly [hook: string, make: () => Pool]>([
  ['a listener of connect', () => newPool().on('connect', (client) => void set(client))],
  ['a listener of acquire', () => newPool().on('acquire', (client) => void set(client))],
  ['a listener of release', () => newPool().on('release', (_error, client) => void set(client))],
  ['onConnect', () => newPool({ onConnect: set })],
])(
  'the first statement waits for the parser, since statements of hooks are judged: %s',
  async (_hook, make) => {
    const pool = make()
    expect(await reasonOfFirst(pool)).toBe('select')
    await pool.end()
  },
)

test('it does not wait without hooks', async () => {
  const pool = newPool()
  expect(await reasonOfFirst(pool)).toBe('parser-loading')
  await pool.end()
})

test('a setting of a listener of release does not stay for others', async () => {
  const pool = newPool()
  pool.once('release', (_error, client) => void set(client))
  await pool.query("insert into notes values (1) returning 'this runs on the primary'")
  const { rows } = await pool.query({
    text: "select current_setting('application_name') as name",
    route: 'primary',
  })
  expect(rows).toEqual([{ name: '' }])
  await pool.end()
})

test('a write on its connection does not count as one of other tables', async () => {
  const pool = newPool()
  await pool.query("insert into notes values (1) returning 'this runs on the primary'")
  await pool.ready()
  await cluster.caughtUp()
  const candidates = async (): Promise<readonly string[]> => {
    const { plan } = await pool.explain('select * from others')
    return plan.candidates.map(({ role }) => role)
  }
  const changes = async (): Promise<unknown> => {
    const { statement } = await pool.explain('insert into notes values (2)')
    return statement.footprint.changes
  }
  await expect.poll(changes, { timeout: 10_000 }).not.toBe('everything')
  // From now on the replica has to show what was committed before the catalog was read.
  await pool.query('insert into notes values (2)')
  await expect.poll(candidates, { timeout: 10_000 }).toContain('replica')
  await cluster.replicas[0]?.pauseReplay()
  await pool.query('insert into notes values (3)')
  expect(await candidates()).toContain('replica')
  await cluster.replicas[0]?.resumeReplay()
  await pool.end()
})
