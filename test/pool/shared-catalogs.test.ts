import pg, { type Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { wrapPg, Pool, type PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { clientThatTells } from '../support/sending-client.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
const pools: Pool[] = []

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table things (id int)')
  await cluster.caughtUp()
})

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

afterAll(async () => {
  await cluster.stop()
})

/** A class of clients that counts the loads of the catalog: pools with the same class share one. */
function counting(): { readonly Counting: typeof Client; readonly loads: () => number } {
  let loads = 0
  const Counting = clientThatTells((text) => {
    if (/pg_proc[^]*WITH RECURSIVE|WITH RECURSIVE[^]*pg_proc/.test(text)) loads += 1
    return undefined
  })
  return { Counting, loads: () => loads }
}

function optionsOf(ClientClass: typeof Client, options: PoolOptions = {}): PoolOptions {
  const replicas = cluster.replicas.map(({ config }) => config)
  return {
    ...cluster.primary.config,
    replicas,
    logger: false,
    Client: ClientClass,
    ...options,
  }
}

function open(ClientClass: typeof Client, options: PoolOptions = {}): Pool {
  const pool = new Pool(optionsOf(ClientClass, options))
  pools.push(pool)
  return pool
}

const connectionsOf = async (name: string): Promise<number> => {
  const sql = `select count(*)::int as n from pg_stat_activity where application_name = '${name}'`
  const [row] = (await ask(cluster.primary.config, sql)) as [{ n: number }]
  return row.n
}

describe('pools of one process', () => {
  it('that live for one statement load nothing', async () => {
    const { Counting, loads } = counting()
    for (let n = 0; n < 10; n++) {
      const pool = new Pool(optionsOf(Counting))
      await pool.query('select * from things')
      await pool.end()
    }
    expect(loads()).toBe(0)
  })

  it('that come and go load it once, though each ends during the load', async () => {
    const { Counting, loads } = counting()
    let cutOff = 0
    for (let n = 0; n < 50; n++) {
      const pool = new Pool(optionsOf(Counting))
      for (let i = 0; i < 3; i++) await pool.query('select 1')
      const endsAtMs = performance.now()
      await pool.end()
      // An end waits a second for a load, and no longer: on a machine that is very busy the next pool has to repeat it.
      if (performance.now() - endsAtMs > 990) cutOff += 1
    }
    expect(loads()).toBeGreaterThan(0)
    expect(loads()).toBeLessThanOrEqual(1 + cutOff)
  })

  it('have it at once when another has it', async () => {
    const { Counting, loads } = counting()
    await open(Counting).ready()
    const second = open(Counting)
    await second.query('select * from things')
    expect(second.stats()).toMatchObject({ catalog: 'loaded', reads: 1 })
    expect(loads()).toBe(1)
  })

  it('notice changes of another', async () => {
    const { Counting } = counting()
    const [one, other] = [open(Counting), open(Counting)]
    await Promise.all([one.ready(), other.ready()])
    await one.query(
      `create function tell() returns int language plpgsql as $$ begin execute ''; return 1; end $$`,
    )
    expect((await other.explain('select tell()')).statement.kind).toBe('write')
    await one.query('create table told (id int)')
    expect((await other.explain('select * from told')).statement.reason).toBe('select')
  })

  it('notice changes of another that logs in with another role', async () => {
    const { Counting } = counting()
    await ask(
      cluster.primary.config,
      `create role visitor login password 'visitor'; grant usage on schema public to visitor;
       create function judge() returns int language sql stable as 'select 1'`,
    )
    await cluster.caughtUp()
    const asVisitor = { user: 'visitor', password: 'visitor' }
    const replicas = cluster.replicas.map(({ config }) => ({ ...config, ...asVisitor }))
    const [owner, visitor] = [open(Counting), open(Counting, { ...asVisitor, replicas })]
    await Promise.all([owner.ready(), visitor.ready()])
    expect((await visitor.explain('select judge()')).statement.kind).toBe('read')
    await owner.query(
      `create or replace function judge() returns int language plpgsql as $$ begin execute ''; return 1; end $$`,
    )
    expect((await visitor.explain('select judge()')).statement.kind).toBe('write')
  })

  it('know objects from before they were made, whichever pool made them', async () => {
    const { Counting } = counting()
    await open(Counting).ready()
    await ask(cluster.primary.config, 'create table made_by_others (id int)')
    await ask(
      cluster.primary.config,
      `create function changing() returns int language plpgsql as $$ begin execute ''; return 1; end $$`,
    )
    const second = open(Counting)
    expect((await second.explain('select * from made_by_others')).statement.reason).toBe('select')
    expect((await second.explain('select changing()')).statement.kind).toBe('write')
  })

  it('keep it when the one that asked is ended', async () => {
    const { Counting, loads } = counting()
    const [asks, stays] = [open(Counting), open(Counting)]
    await stays.query('select 1')
    await asks.query('select 1')
    const loading = stays.ready()
    await asks.end()
    pools.splice(pools.indexOf(asks), 1)
    await loading
    expect(stays.stats().catalog).toBe('loaded')
    expect(loads()).toBe(1)
  })

  it('share it with clients', async () => {
    const { Counting, loads } = counting()
    const routed = wrapPg({ ...pg, Client: Counting })
    const pool = new routed.Pool(optionsOf(Counting))
    pools.push(pool)
    await pool.ready()
    const client = new routed.Client(optionsOf(Counting))
    await client.connect()
    for (let i = 0; i < 3; i++) await client.query('select * from things')
    await client.end()
    expect(loads()).toBe(1)
  })

  it('leave no connection behind when the last one ends during a load', async () => {
    const { Counting } = counting()
    const pool = new Pool(optionsOf(Counting))
    await pool.query('select 1')
    void pool.ready().catch(() => {})
    await until('it is being loaded', async () => (await connectionsOf('pg-switchyard monitor')) > 1)
    await pool.end()
    await until('nothing is left', async () => (await connectionsOf('pg-switchyard monitor')) === 0)
  })
})
