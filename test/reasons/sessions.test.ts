import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { encodeToken } from '../../src/consistency/token.ts'
import { isPrimaryReason } from '../../src/observability/advice.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { REASONS } from '../observability/reasons.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { ask } from '../support/servers.ts'
import { withClient } from '../support/transactions.ts'
import { Produced } from './produced.ts'

const READ = 'select label from items where id = 1'
const SECRET = 'a secret of at least thirty-two bytes'

let cluster: Cluster
const open = poolsForTests(() => cluster, { probeIntervalMs: 50 })
const produced = Produced.inTests()

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(5),
    'create table divisors (id int primary key, n int); insert into divisors values (1, 0)',
  )
})

afterAll(() => cluster?.stop())

test('each route', async () => {
  const pool = await open()
  await pool.query(READ)
  await pool.query('update items set label = label')
  await pool.query({ text: READ, route: 'primary' })
  await pool.query({ text: READ, route: 'replica' })
  await pool.query(`/* route: primary */ ${READ}`)
  await pool.query(`/* route: replica */ ${READ}`)
  await pool.query({ text: READ, consistency: 'strong' })
  await pool.withSession({ consistency: 'window' }, async () => {
    await pool.query('update items set label = label')
    await pool.query(READ)
  })
  const token = await pool.withSession((session) => session.token())
  await pool.withSession({ token, consistency: 'window' }, () => pool.query(READ))
  const ways: readonly (readonly string[])[] = [
    ['begin', READ, 'commit'],
    ['listen news', READ],
    ['set session_replication_role = replica', READ],
  ]
  for (const texts of ways) {
    const client = await pool.connect()
    for (const text of texts) await client.query(text)
    client.release(true)
  }
  expect(produced.missing('Routes')).toEqual([])
  const counted = pool.stats().traffic?.onPrimary.map(({ reason }) => reason) ?? []
  const kept = (REASONS['Routes'] ?? []).filter(isPrimaryReason)
  expect(counted.filter((reason) => kept.includes(reason)).toSorted()).toEqual(kept.toSorted())
})

test('each pin', async () => {
  const pool = await open({ max: 3 })
  const settings = Array.from({ length: 300 }, (_, n) => `set app.s${n} = 1`)
  const ways: readonly (readonly string[])[] = [
    ['declare own cursor with hold for select 1'],
    ['listen own'],
    [`update pg_settings set setting = '9MB' where name = 'work_mem'`],
    [`do $$ begin set work_mem = '9MB'; end $$`],
    ['create temp table own (a int)'],
    ['prepare own as select 1'],
    ['select pg_advisory_lock(1)'],
    [`load 'plpgsql'`],
    ['select setseed(0.5)'],
    ['select pg_backend_pid()', READ],
    [...settings, 'update items set label = label', READ],
  ]
  for (const texts of ways) {
    const client = await pool.connect()
    for (const text of [...texts, READ]) await client.query(text)
    client.release(true)
  }
  expect(produced.missing('Pins')).toEqual([])
})

test('each rejection of a token', async () => {
  const [row] = await ask(
    cluster.primary.config,
    `select system_identifier::text as id, (pg_current_wal_lsn() - '0/0')::text as lsn from pg_control_system()`,
  )
  const position = { systemIdentifier: String(row?.['id']), timeline: 1, lsn: BigInt(String(row?.['lsn'])) }
  const expiresAtMs = Date.now() + 60_000
  const ofPosition = (more: object, secret?: string): string =>
    encodeToken({ kind: 'position', position: { ...position, ...more }, expiresAtMs }, { secret })
  const pool = await open()
  const signing = await open({ tokens: { secret: SECRET } })
  const tokens: readonly (readonly [Pool, string])[] = [
    [pool, 'x'],
    [pool, encodeToken({ kind: 'position', position, expiresAtMs: Date.now() - 5000 })],
    [pool, ofPosition({ systemIdentifier: '42' })],
    [pool, ofPosition({ lsn: position.lsn + 1_000_000_000n })],
    [signing, ofPosition({})],
    [signing, ofPosition({}, `${SECRET}, but another`)],
  ]
  for (const [each, token] of tokens) await each.withSession({ token }, () => each.query(READ))
  expect(produced.missing('Tokens')).toEqual([])
})

test('each move of a transaction', async () => {
  const pool = await open()
  const run = (begin: string, ...texts: readonly string[]): Promise<void> =>
    withClient(pool, async (client: PoolClient) => {
      await client.query(begin)
      for (const text of texts) await client.query(text)
      await client.query('commit')
    })
  await run('begin read only', READ, 'select pg_is_in_recovery()')
  await run('begin read only', `/* route: primary */ ${READ}`)
  // What it reads is another thing on the primary, so it fails, and begins there next time.
  const changing = [
    'begin isolation level repeatable read read only',
    'select now(), label from items',
  ] as const
  await expect(run(...changing, 'select pg_is_in_recovery()')).rejects.toMatchObject({ code: '40001' })
  await run(...changing)

  // The replica shows what the primary has shown so far, or the next transaction would begin on the primary.
  await cluster.caughtUp()
  await run('begin read only', READ)
  await cluster.replicas[0]?.pauseReplay()
  try {
    await ask(cluster.primary.config, 'update divisors set n = 1')
    await run('begin read only', 'select 1 / n from divisors')
  } finally {
    await cluster.replicas[0]?.resumeReplay()
  }
  expect(produced.missing('Moves')).toEqual([])
})
