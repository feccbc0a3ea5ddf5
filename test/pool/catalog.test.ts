import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
})

afterAll(async () => {
  await cluster.stop()
})

beforeEach(async () => {
  pool = poolOver(cluster)
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

const reasonOf = async (sql: string): Promise<string> => (await pool.explain(sql)).statement.reason

describe('what the database says of its functions and relations', () => {
  it('counts from the moment when a DDL statement went through the pool', async () => {
    expect(await reasonOf('select * from things')).toBe('relation-unknown')
    await pool.query('create table things (id int)')
    expect(await reasonOf('select * from things')).toMatch(/catalog-pending|select/)
    await until('the table is known', async () => (await reasonOf('select * from things')) === 'select')

    await pool.query(
      `create function count_up() returns int language plpgsql as $$ begin execute 'select 1'; return 1; end $$`,
    )
    await until(
      'the function is known',
      async () => (await reasonOf('select count_up()')) === 'function-volatile',
    )
    await pool.query('create view reaching as select count_up() as n from things')
    await until(
      'the view is known',
      async () => (await reasonOf('select * from reaching')) === 'relation-volatile',
    )
    await pool.query('alter table things set unlogged')
    await until(
      'it is unlogged',
      async () => (await reasonOf('select * from things')) === 'relation-unlogged',
    )
  })

  it('counts from the commit of a transaction that did DDL, and not from one that was rolled back', async () => {
    const client = await pool.connect()
    let loads = 0
    pool.events.on('catalogLoaded', () => loads++)
    await client.query('begin')
    await client.query('create table in_transaction (id int)')
    await client.query('rollback')
    expect(await reasonOf('select * from in_transaction')).toBe('relation-unknown')
    await client.query('begin')
    await client.query('create table in_transaction (id int)')
    await client.query('commit')
    await until(
      'the table is known',
      async () => (await reasonOf('select * from in_transaction')) === 'select',
    )
    await until('all of it is loaded', () => loads === 1)
    client.release()
  })

  it('is not asked for temporary tables', async () => {
    const client = await pool.connect()
    await client.query('create temporary table passing (id int)')
    expect(pool.stats().catalog).toBe('loaded')
    client.release(true)
  })

  it('sends reads of the user’s own relations to the primary until it is known, and never fails them', async () => {
    await ask(cluster.primary.config, 'create table if not exists early (id int)')
    const early = poolOver(cluster)
    try {
      const { statement } = await early.explain('select * from early')
      expect(statement).toMatchObject({
        kind: 'write',
        reason: 'catalog-pending',
        offender: { text: 'early' },
      })
      expect((await early.query('select * from early')).rows).toEqual([])
    } finally {
      await early.end()
    }
  })
})
