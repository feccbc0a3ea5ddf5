import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

/** Gives the next ticket, though nothing in its text says so. */
const takeTicket = `execute 'select next' || 'val(''app.tick' || 'ets'')' into ticket`

/** Labelled `immutable`, it is believed to be able to run anywhere, and is not. */
const ticket = (label: 'immutable' | 'volatile'): string => `
  create or replace function app.ticket(text) returns bigint language plpgsql ${label} as
    $$ declare ticket bigint; begin ${takeTicket}; return ticket; end $$`

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, `create schema app; create sequence app.tickets; ${ticket('immutable')}`)
  await ask(cluster.primary.config, 'create table app.items (name text)')
  await ask(cluster.primary.config, `insert into app.items values ('a'), ('b')`)
  await ask(
    cluster.primary.config,
    `create function app.part(int) returns bigint language plpgsql immutable as
      $$ declare ticket bigint; begin ${takeTicket}; return 1 / $1; end $$`,
  )
  await cluster.caughtUp()
  pool = poolOver(cluster)
  await replicasReady(pool)
})
afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

const known = (): Promise<void> => until('the catalog is known', () => pool.stats().catalog === 'loaded')

test('a refusal of a standby that the primary accepts is learned, reported once, and forgotten when the database changes', async () => {
  const refused: string[] = []
  const learned: unknown[] = []
  pool.events.on('readRefused', ({ sql }) => refused.push(sql))
  pool.events.on('shapeLearned', (shape) => learned.push(shape))
  const text = (name: string): string => `select app.ticket(name) from app.items where name = '${name}'`

  expect((await pool.explain(text('a'))).statement.kind).toBe('read')
  expect((await pool.query(text('a'))).rows).toEqual([{ ticket: '1' }])
  expect(refused).toEqual(['select app.ticket(name) from app.items where name = ?'])
  expect(learned).toEqual([
    {
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      functions: ['app.ticket'],
      relations: ['app.items'],
    },
  ])

  // Another text of the same shape costs no refusal.
  await known()
  expect((await pool.explain(text('b'))).statement).toMatchObject({
    kind: 'write',
    reason: 'refused-by-standby',
  })
  expect((await pool.query(text('b'))).rows).toEqual([{ ticket: '2' }])
  expect(refused).toHaveLength(1)
  expect(learned).toHaveLength(1)

  // A statement that only looks like it is a read as before.
  expect((await pool.explain('select name from app.items')).statement.kind).toBe('read')

  // The cause is repaired: now it is the label that says so.
  await pool.query(ticket('volatile'))
  await known()
  expect((await pool.explain(text('a'))).statement).toMatchObject({
    kind: 'write',
    reason: 'function-volatile',
  })
})

test('a failure on the primary too is not learned', async () => {
  const refused: string[] = []
  const learned: unknown[] = []
  pool.events.on('readRefused', ({ sql }) => refused.push(sql))
  pool.events.on('shapeLearned', (shape) => learned.push(shape))
  // A session of its own each time: what has written reads from the primary, which refuses nothing.
  const part = (divisor: number): Promise<unknown> =>
    pool.withSession(() => pool.query('select app.part($1)', [divisor]))

  await known()
  await expect(part(0)).rejects.toMatchObject({ code: '22012' })
  await known()
  await part(1)
  await known()
  await part(1)
  expect(refused).toHaveLength(2)
  expect(learned).toHaveLength(1)
})
