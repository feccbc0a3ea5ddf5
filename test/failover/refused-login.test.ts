import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// Roles, passwords and databases reach replicas late. A replica that refuses the login is left out until it accepts it.

let cluster: Cluster
let made = 0

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(5), 'grant select on items to public')
})

afterAll(() => cluster?.stop())

const admin = (sql: string): Promise<unknown> => ask(cluster.primary.config, sql)

function login(options: PoolOptions): PoolOptions {
  const replicas = cluster.replicas.map((node) => ({ ...node.config, ...options }))
  return { ...options, replicas }
}

/** Makes what the login needs; gives the login. */
const creations: readonly (readonly [string, string, () => Promise<PoolOptions>])[] = [
  [
    'a role',
    '28P01',
    async () => {
      const user = `role_${(made += 1)}`
      await admin(`create role ${user} login password 'a'`)
      return { user, password: 'a' }
    },
  ],
  [
    'a database',
    '3D000',
    async () => {
      const database = `database_${(made += 1)}`
      await admin(`create database ${database}`)
      return { database }
    },
  ],
  [
    'a right to connect',
    '42501',
    async () => {
      const user = `role_${(made += 1)}`
      await admin(`create database closed; `)
      await admin(`revoke connect on database closed from public; create role ${user} login password 'a'`)
      await cluster.caughtUp()
      await cluster.replicas[0]?.pauseReplay()
      await admin(`grant connect on database closed to ${user}`)
      return { user, password: 'a', database: 'closed' }
    },
  ],
]

it.each(creations)('%s that is not replayed yet: the pool works, and warns', async (_name, code, create) => {
  const replica = cluster.replicas[0]
  if (code !== '42501') await replica?.pauseReplay()
  const options = login(await create())
  const pool = poolOver(cluster, { probeIntervalMs: 100, ...options })
  const told: unknown[] = []
  pool.events.on('loginRefused', ({ cause }) => told.push(Reflect.get(cause, 'code')))
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await pool.query('create temp table t (id int)')
  expect(told).toEqual([code])
  expect(pool.stats().nodes[1]).toMatchObject({ state: 'down', cause: expect.any(String) as string })
  await replica?.resumeReplay()
  await replicasReady(pool)
  expect(pool.stats().nodes[1]?.cause).toBeUndefined()
  // Not twice for one refusal.
  expect(told).toEqual([code])
  await pool.end()
})

it('a replica that lags by 25 ms is there soon after', async () => {
  const replica = cluster.replicas[0]
  if (replica === undefined) throw new Error('There is no replica')
  await applyDelay(replica, 25)
  for (let i = 0; i < 5; i++) {
    const user = `role_${(made += 1)}`
    await admin(`create role ${user} login password 'a'`)
    const pool = poolOver(cluster, { probeIntervalMs: 1000, ...login({ user, password: 'a' }) })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await until('the replica serves', () => pool.stats().nodes[1]?.state === 'replica')
    await pool.end()
  }
  await applyDelay(replica, 0)
})

it('a password that is rotated while the pool runs: reads go on, and the replica comes back', async () => {
  const user = `role_${(made += 1)}`
  await admin(`create role ${user} login password 'a'`)
  await cluster.caughtUp()
  let password = 'a'
  const changing = { user, password: () => password } as PoolOptions
  const pool = poolOver(cluster, { probeIntervalMs: 100, lanes: false, ...login(changing) })
  await replicasReady(pool)
  const told: unknown[] = []
  pool.events.on('loginRefused', ({ cause }) => told.push(Reflect.get(cause, 'code')))
  await cluster.replicas[0]?.pauseReplay()
  await admin(`alter role ${user} password 'b'`)
  password = 'b'
  // More at once than there are connections: new ones are needed.
  const reads = Array.from({ length: 40 }, () => pool.query('select pg_sleep(0.01), id from items limit 1'))
  for (const { rows } of await Promise.all(reads)) expect(rows).toHaveLength(1)
  await until('the refusal is told', () => told.length > 0)
  expect(told).toEqual(['28P01'])
  await cluster.replicas[0]?.resumeReplay()
  await replicasReady(pool)
  await pool.end()
})

it('a login that the primary refuses too fails at once, as with pg.Pool', async () => {
  const pool = poolOver(cluster, login({ user: 'nobody_at_all', password: 'a' }))
  await expect(pool.query('select 1')).rejects.toMatchObject({ code: '28P01' })
  await pool.end()
})
