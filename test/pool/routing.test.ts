import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { smoothWeightedRoundRobin, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, serversThatRan, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
let markers = 0

const marker = (): string => `marker-${process.pid}-${++markers}-end`

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table accounts (id int primary key, balance int not null)')
  await ask(cluster.primary.config, 'insert into accounts select g, 100 from generate_series(1, 100) g')
  await cluster.caughtUp()
})

afterAll(async () => {
  await cluster.stop()
})

beforeEach(async () => {
  pool = poolOver(cluster, { windowMs: 400, balancer: smoothWeightedRoundRobin() })
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

describe('pool.query', () => {
  it('sends reads to the replicas, by turns, and none to the primary', async () => {
    const mark = marker()
    for (let i = 0; i < 10; i++)
      await pool.query(`select /* ${mark} */ balance from accounts where id = $1`, [i + 1])
    expect(await serversThatRan(cluster, mark)).toEqual(['node2', 'node3'])
    const { nodes, offload, reads } = pool.stats()
    expect(nodes.map(({ queries }) => queries)).toEqual([0, 5, 5])
    expect({ offload, reads }).toEqual({ offload: 1, reads: 10 })
  })

  it.each([
    ['an insert', 'insert into accounts values (1000, 1) on conflict do nothing'],
    ['an update', 'update accounts set balance = balance where id = 1'],
    ['a row lock', 'select * from accounts where id = 1 for no key update'],
    ['a writing CTE', 'with w as (delete from accounts where id = -1 returning id) select * from w'],
    ['an advisory lock', 'select pg_advisory_xact_lock(7)'],
    ['DDL', 'create table if not exists accounts_copy (id int)'],
    ['a read and a write', 'select 1; delete from accounts where id = -1'],
    ['a text that PostgreSQL refuses', 'selec 1'],
  ])('sends %s to the primary', async (_name, sql) => {
    const mark = marker()
    await pool.query(`/* ${mark} */ ${sql}`).catch(() => undefined)
    const saw = await serversThatRan(cluster, mark)
    expect(saw.filter((name) => name !== 'node1')).toEqual([])
    expect(pool.stats().nodes.map(({ queries }) => queries)).toEqual([1, 0, 0])
  })

  it('gives weighted replicas their share', async () => {
    const [light, heavy] = cluster.replicas.map((node) => node.config)
    const weighted = poolOver(cluster, {
      balancer: smoothWeightedRoundRobin(),
      replicas: [
        { ...light, weight: 1 },
        { ...heavy, weight: 3 },
      ],
    })
    try {
      await replicasReady(weighted)
      for (let i = 0; i < 40; i++) await weighted.query('select 1 from accounts limit 1')
      expect(weighted.stats().nodes.map(({ queries }) => queries)).toEqual([0, 10, 30])
    } finally {
      await weighted.end()
    }
  })

  it('gives what pg.Pool gives: rows, arrays, named statements, several results, errors', async () => {
    const one = await pool.query('select id, balance from accounts where id = $1', [7])
    expect(one.rows).toEqual([{ id: 7, balance: 100 }])
    expect([one.command, one.rowCount, one.fields.length]).toEqual(['SELECT', 1, 2])
    const arrays = await pool.query({ text: 'select id from accounts order by id limit 2', rowMode: 'array' })
    expect(arrays.rows).toEqual([[1], [2]])
    const named = { name: 'by-id', text: 'select balance from accounts where id = $1' }
    for (let i = 1; i < 6; i++) expect((await pool.query({ ...named, values: [i] })).rowCount).toBe(1)
    const several: unknown = await pool.query('select 1 as a; select 2 as b')
    expect(several).toMatchObject([{ rows: [{ a: 1 }] }, { rows: [{ b: 2 }] }])
    await expect(pool.query('select nothing from accounts')).rejects.toMatchObject({
      code: '42703',
      severity: 'ERROR',
    })
    await expect(pool.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
  })

  it('calls back where pg.Pool does', async () => {
    const answer = await new Promise((resolve) => {
      const returned: unknown = pool.query('select 1 as one', (error: unknown, result: unknown) =>
        resolve([error, result, returned]),
      )
    })
    expect(answer).toMatchObject([undefined, { rows: [{ one: 1 }] }, undefined])
    const failed = await new Promise((resolve) => {
      pool.query('select $1::int / 0', [1], (error, result) => resolve([error, result]))
    })
    expect(failed).toMatchObject([{ code: '22012' }, undefined])
  })

  it('runs on the primary what the caller asks to, and a read on a replica though the session wrote', async () => {
    await pool.query({ text: 'select 1 from accounts', route: 'primary' })
    expect(pool.stats().nodes.map(({ queries }) => queries)).toEqual([1, 0, 0])
    await pool.query('update accounts set balance = balance where id = 1')
    await pool.query({ text: 'select 1 from accounts', route: 'replica' })
    const [primary, ...replicas] = pool.stats().nodes.map(({ queries }) => queries)
    expect([primary, replicas.toSorted((a, b) => a - b)]).toEqual([2, [0, 1]])
    await pool.query({ text: 'delete from accounts where id = -1', route: 'replica' })
    expect(pool.stats().nodes[0]?.queries).toBe(3)
    await expect(pool.query({ text: 'select 1', route: 'standby' as 'replica' })).rejects.toMatchObject({
      code: 'SWITCHYARD_INVALID_OPTION',
    })
  })

  it('runs on the primary what a standby refuses though it looked like a read', async () => {
    // The function's label lies, so that only the standby can tell.
    await ask(cluster.primary.config, 'create sequence if not exists numbers')
    await ask(
      cluster.primary.config,
      `create or replace function next_number() returns bigint stable language plpgsql
       as $$ begin return nextval('numbers'); end $$`,
    )
    await cluster.caughtUp()
    const fresh = poolOver(cluster, { declared: { functions: { next_number: 'readOnly' } } })
    try {
      await replicasReady(fresh)
      const refused: string[] = []
      fresh.events.on('readRefused', ({ node }) => refused.push(node))
      const { rows } = await fresh.query('select next_number() as n')
      expect(rows).toEqual([{ n: '1' }])
      expect(refused).toHaveLength(1)
      // The write is known to the pool: a read needs a replica that shows it.
      const { plan } = await fresh.explain('select 1')
      expect(plan.rejected.map(({ reason }) => reason)).toContain('behind-session')
    } finally {
      await fresh.end()
    }
  })
})

describe('a hint', () => {
  it('for the primary is obeyed, one for a replica only by a proven read, and said once where it is not', async () => {
    const ignored: string[] = []
    pool.events.on('hintIgnored', ({ reason }) => ignored.push(reason))
    await pool.query('/* route: primary */ select 1 from accounts')
    expect(pool.stats().nodes.map(({ queries }) => queries)).toEqual([1, 0, 0])
    for (let i = 0; i < 3; i++) await pool.query('/* route: replica */ update accounts set balance = balance')
    expect(pool.stats().nodes.map(({ queries }) => queries)).toEqual([4, 0, 0])
    await pool.query('select 1 /* route: replica */ from accounts')
    expect(pool.stats().nodes[0]?.queries).toBe(4)
    await pool.query({ text: 'delete from accounts where id < 0', route: 'replica' })
    expect(ignored).toEqual(['data-modifying', 'data-modifying'])
  })
})

describe('pool.explain', () => {
  it('says what, where and why, and runs nothing', async () => {
    const read = await pool.explain('select balance from accounts')
    expect(read).toMatchObject({
      statement: { kind: 'read', reason: 'select' },
      route: { role: 'replica', reason: 'read' },
    })
    expect(read.plan.candidates.map(({ role, reason }) => `${role} ${reason}`)).toEqual([
      'replica replica',
      'replica replica',
      'primary fallback',
    ])
    const write = await pool.explain('delete from accounts')
    expect(write).toMatchObject({
      statement: { kind: 'write', reason: 'data-modifying' },
      route: { role: 'primary', reason: 'not-a-read' },
      plan: { candidates: [{ role: 'primary', reason: 'primary' }] },
    })
    expect(await ask(cluster.primary.config, 'select count(*)::int from accounts')).toEqual([
      { count: expect.any(Number) as number },
    ])
    expect(pool.stats().nodes.map(({ queries }) => queries)).toEqual([0, 0, 0])
  })
})

describe('lag', () => {
  beforeEach(async () => {
    await pool.end()
    pool = poolOver(cluster, { consistency: 'window', windowMs: 400 })
    await replicasReady(pool)
  })

  it('takes a replica out while it is not known to be less than windowMs behind', async () => {
    const [paused] = cluster.replicas
    const id = `${paused?.config.host}:${paused?.config.port}`
    await paused?.pauseReplay()
    try {
      await ask(cluster.primary.config, 'update accounts set balance = balance where id = 2')
      await until('the paused replica is out', async () => {
        const { plan } = await pool.explain('select 1')
        return plan.rejected.some(({ node, reason }) => node === id && reason === 'lagging')
      })
      await until('its lag is seen to grow', () => (pool.stats().nodes[1]?.lagMs ?? 0) > 500)
      const before = pool.stats().nodes[1]
      expect(before?.lagBytes).toBeGreaterThan(0)
      for (let i = 0; i < 6; i++) await pool.query('select 1 from accounts limit 1')
      expect(pool.stats().nodes[1]?.queries).toBe(before?.queries)
      expect(pool.stats().nodes[2]?.queries).toBe(6)
    } finally {
      await paused?.resumeReplay()
    }
    await replicasReady(pool)
    expect(pool.stats().nodes[1]).toMatchObject({ lagMs: 0, lagBytes: 0 })
  })

  it('sends reads to the primary when every replica lags', async () => {
    await Promise.all(cluster.replicas.map((node) => node.pauseReplay()))
    try {
      await ask(cluster.primary.config, 'update accounts set balance = 101 where id = 3')
      await replicasReady(pool, 0)
      const { rows } = await pool.query('select balance from accounts where id = 3')
      expect(rows).toEqual([{ balance: 101 }])
      expect(pool.stats().offload).toBe(0)
    } finally {
      await Promise.all(cluster.replicas.map((node) => node.resumeReplay()))
    }
  })
})
