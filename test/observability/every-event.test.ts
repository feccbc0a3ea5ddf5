import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DecisionEvent, Pool } from '../../src/index.ts'
import { EVENT_NAMES } from '../../src/observability/channels.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

const SECRET = '4111-secret'

let cluster: Cluster
const open = poolsForTests(() => cluster, { logger: false })
const messages: unknown[] = []
const note = (message: unknown): void => void messages.push(message)
const tracing = { start: note, end: note, asyncStart: note, asyncEnd: note, error: note }
const TRACING = ['query', 'connect', 'checkout'].map((name) => tracingChannel(`pg-switchyard:${name}`))

beforeAll(async () => {
  for (const name of EVENT_NAMES) subscribe(`pg-switchyard:${name}`, note)
  for (const channel of TRACING) channel.subscribe(tracing)
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(3),
    'create unlogged table visits (id int)',
    'create sequence numbers',
    'create function opaque(text) returns text volatile language plpgsql as $$ begin execute $1; return $1; end $$',
    'create view noisy as select opaque(label) from items',
  )
})

afterAll(async () => {
  for (const name of EVENT_NAMES) unsubscribe(`pg-switchyard:${name}`, note)
  for (const channel of TRACING) channel.unsubscribe(tracing)
  await cluster.stop()
})

/** A statement for each reason that a text alone, or with the catalog, can have. */
const STATEMENTS: readonly (readonly [reason: string, sql: string])[] = [
  ['select', `select label from items where label <> '${SECRET}'`],
  ['explain', `explain select '${SECRET}'`],
  ['empty', ''],
  ['data-modifying', `update items set label = '${SECRET}' where id = 1`],
  [
    'data-modifying-cte',
    `with x as (update items set label = '${SECRET}' where id = 2 returning id) select * from x`,
  ],
  ['row-lock', 'select id from items for share'],
  ['lock-table', 'lock table items'],
  ['maintenance', 'analyze items'],
  ['notify', `notify news, '${SECRET}'`],
  ['function-volatile', `select opaque('select ''${SECRET}''')`],
  ['function-unknown', `select missing('${SECRET}')`],
  ['relation-unlogged', 'select * from visits'],
  ['relation-volatile', 'select * from noisy'],
  ['relation-sequence', 'select last_value from numbers'],
  ['relation-unknown', `select * from missing where a = '${SECRET}'`],
  ['unparseable', `selec '${SECRET}'`],
  // The catalog is loaded again after these.
  ['select-into', `select '${SECRET}'::text as a into copied`],
  ['ddl', `create table made (a text default '${SECRET}')`],
  ['call', `call missing('${SECRET}')`],
  ['do', `do $$ begin perform '${SECRET}'; end $$`],
  ['set', `set application_name = '${SECRET}'`],
  ['show', 'show application_name'],
  ['prepare', `prepare p as select '${SECRET}'`],
  ['execute', 'execute p'],
  ['deallocate', 'deallocate p'],
  ['listen', 'listen news'],
  ['begin', 'begin'],
  ['set-transaction', 'set transaction isolation level repeatable read'],
  ['savepoint', 'savepoint s'],
  ['cursor', `declare c cursor for select '${SECRET}'`],
  ['constraints', 'set constraints all deferred'],
  ['rollback', 'rollback'],
  ['two-phase', `commit prepared '${SECRET}'`],
  ['commit', 'commit'],
  ['discard', 'discard plans'],
]

/** Runs reads whose route has a reason of its own. */
async function routes(pool: Pool): Promise<void> {
  const read = { text: 'select label from items where label <> $1', values: [SECRET] }
  await pool.query(read)
  await pool.query({ ...read, route: 'primary' })
  await pool.query({ ...read, route: 'replica' })
  await pool.query({ ...read, text: `/* route: primary */ ${read.text}` })
  await pool.query({ ...read, text: `/* route: replica */ ${read.text}` })
  await pool.query({ ...read, consistency: 'strong' })
  await pool.withSession({ consistency: 'window' }, async () => {
    await pool.query('update items set label = label')
    await pool.query(read)
  })
  const client = await pool.connect()
  await client.query('begin')
  await client.query(read)
  await client.query('commit')
  await client.query('listen news')
  await client.query(read)
  client.release()
}

test('decisions have each reason, and no event on any channel holds a constant or a parameter', async () => {
  const pool = await open()
  const decisions: DecisionEvent[] = []
  pool.events.on('decision', (decision) => decisions.push(decision))
  const client = await pool.connect()
  for (const [, sql] of STATEMENTS) await client.query(sql).catch(() => {})
  client.release(true)
  expect(decisions.map(({ statement }) => statement)).toEqual(STATEMENTS.map(([reason]) => reason))

  decisions.length = 0
  await routes(pool)
  const reasons = new Set(decisions.map(({ reason }) => reason))
  expect([...reasons].toSorted()).toEqual(
    [
      'asked-primary',
      'asked-replica',
      'hint-primary',
      'hint-replica',
      'in-transaction',
      'not-a-read',
      'pinned',
      'read',
      'session-wrote',
      'strong',
    ].toSorted(),
  )

  expect(messages.length).toBeGreaterThan(200)
  for (const message of messages) {
    expect(inspect(message, { depth: 12, showHidden: true, maxArrayLength: null })).not.toContain(SECRET)
    expect(message).toHaveProperty('pool')
  }
})

test('connections and leases have messages with their node and duration', async () => {
  messages.length = 0
  const pool = await open()
  await pool.query('update items set label = label')
  const { id } = pool.stats().nodes[0] ?? {}
  const ended = messages.filter(
    (message) =>
      Object.keys(message as object)
        .toSorted()
        .join() === 'durationMs,node,pool' && Reflect.get(message as object, 'node') === id,
  )
  // Each message is published at four moments.
  expect(new Set(ended).size).toBeGreaterThanOrEqual(2)
})
