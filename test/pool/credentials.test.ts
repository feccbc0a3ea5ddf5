import { connect, Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  expiringPassword,
  Pool,
  streamPerNode,
  type LoginTarget,
  type PoolOptions,
  type StreamTarget,
} from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table kept (id int)')
  await cluster.caughtUp()
})
afterAll(() => cluster?.stop())

const ports = (): readonly number[] => [cluster.primary, ...cluster.replicas].map(({ config }) => config.port)

async function createRole(role: string, password: string): Promise<void> {
  await ask(cluster.primary.config, `create role ${role} login superuser password '${password}'`)
  await cluster.caughtUp()
}

/** Options without a host: connections of the pool are made by streams alone. */
function login(role: string, password: PoolOptions['password']): PoolOptions {
  return { user: role, password, database: cluster.primary.config.database, logger: false }
}

function places(): { primary: PoolOptions; replicas: PoolOptions[] } {
  const [primary = {}, ...replicas] = ports().map((port) => ({ host: '127.0.0.1', port }))
  return { primary, replicas }
}

/** Uses every node. */
async function useAll(pool: Pool): Promise<void> {
  await replicasReady(pool)
  const queries = (): readonly number[] => pool.stats().nodes.map((node) => node.queries)
  const before = queries()
  await pool.query('insert into kept values (1)')
  await until('every node has been used', async () => {
    await Promise.all(
      Array.from({ length: 6 }, () => pool.query('select count(*) from kept, pg_sleep(0.02)')),
    )
    return queries().every((count, index) => count > (before[index] ?? 0))
  })
}

describe('passwords', () => {
  test('are fetched for each node, and replaced before they expire', async () => {
    await createRole('rotating', 'first')
    let [current, nowMs] = ['first', Date.now()]
    const targets: LoginTarget[] = []
    const fetch = (target: LoginTarget): { password: string; expiresAt: Date } => {
      targets.push(target)
      return { password: current, expiresAt: new Date(nowMs + 900_000) }
    }
    const { primary, replicas } = places()
    const password = expiringPassword(fetch, { now: () => nowMs })
    const pool = new Pool({ ...login('rotating', password), ...primary, replicas, idleTimeoutMillis: 100 })
    await useAll(pool)
    expect(new Set(targets.map(({ port }) => port))).toEqual(new Set(ports()))
    expect(targets.length).toBe(ports().length)
    expect(new Set(targets.map(({ user }) => user))).toEqual(new Set(['rotating']))

    // Half a minute before their expiry the old ones still work, and others are fetched meanwhile.
    nowMs += 870_000
    targets.length = 0
    await until('the old connections are closed', () => pool.totalCount === 0)
    await useAll(pool)
    expect(new Set(targets.map(({ port }) => port))).toEqual(new Set(ports()))
    expect(targets.length).toBe(ports().length)

    current = 'second'
    await ask(cluster.primary.config, "alter role rotating password 'second'")
    await cluster.caughtUp()
    nowMs += 900_000
    targets.length = 0
    await until('the old connections are closed', () => pool.totalCount === 0)
    await useAll(pool)
    expect(new Set(targets.map(({ port }) => port))).toEqual(new Set(ports()))
    await pool.end()
  })

  test('are in no error, no log, no event and no statistics', async () => {
    await createRole('careful', 'the right secret')
    const { primary, replicas } = places()
    const wrong = 'a wrong secret'
    const told: unknown[] = []
    const log = (...entry: unknown[]): void => void told.push(entry)
    const [first, second] = replicas
    const pool = new Pool({
      ...login('careful', 'the right secret'),
      ...primary,
      replicas: [
        { ...first, password: wrong },
        `postgres://careful:${encodeURIComponent(wrong)}@127.0.0.1:${second?.port}/postgres`,
      ],
      logger: { info: log, warn: log, error: log, debug: log } as never,
    })
    for (const event of ['nodeChanged', 'loginRefused', 'primaryChanged'] as const) pool.events.on(event, log)
    await pool.query('insert into kept values (1)')
    await pool.query('select count(*) from kept')
    await until('the refusals are told', () => told.length >= 2)
    told.push(pool.stats(), pool, pool.primary, pool.options)
    const failing = new Pool({ ...login('careful', wrong), ...primary, replicas })
    told.push(await failing.query('select 1').catch((error: unknown) => error), failing)
    told.push(await pool.explain('select 1'))
    for (const each of told) {
      const text =
        inspect(each, { depth: 12 }) +
        JSON.stringify(each, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
      expect(text).not.toMatch(/secret/)
    }
    await Promise.all([pool.end(), failing.end()])
  })
})

/** A stream as a connector gives it: it leads to its server, whatever host and port node-postgres names. */
function connectorTo(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  return Object.assign(socket, { connect: () => socket })
}

describe('streams', () => {
  test('of each node its own, without any host', async () => {
    const { user, password } = cluster.primary.config
    const [primary = 0, ...others] = ports()
    const replicas = others.map((port, index) => ({
      name: `reader-${index}`,
      stream: () => connectorTo(port),
    }))
    const pool = new Pool({
      ...login(user, password),
      name: 'writer',
      stream: () => connectorTo(primary),
      replicas,
    })
    await useAll(pool)
    expect(pool.stats().nodes.map(({ id, role }) => [id, role])).toEqual([
      ['writer', 'primary'],
      ['reader-0', 'replica'],
      ['reader-1', 'replica'],
    ])
    await pool.end()
  })

  test('by one function of the node, which changes of the pool’s options follow', async () => {
    const { user, password } = cluster.primary.config
    const [primary = 0, ...others] = ports()
    const portOf = new Map([
      ['stream', primary],
      ...others.map((port, index) => [`reader-${index}`, port] as const),
    ])
    const made: string[] = []
    const stream = streamPerNode(({ name }) => {
      made.push(name)
      return connectorTo(portOf.get(name) ?? 0)
    })
    const replicas = others.map((_port, index) => ({ name: `reader-${index}` }))
    const pool = new Pool({ ...login(user, password), stream, replicas })
    await useAll(pool)
    expect(new Set(made)).toEqual(new Set(['stream', 'reader-0', 'reader-1']))
    pool.setNodes([{ name: 'stream' }, ...replicas])
    await useAll(pool)
    expect(pool.stats().nodes.map(({ role }) => role)).toEqual(['primary', 'replica', 'replica'])
    await pool.end()
  })

  test('by one function of the node, also where there is only one, with what node-postgres tells', async () => {
    const { user, password } = cluster.primary.config
    const [primary = 0, ...others] = ports()
    const all = others.map((port, index) => ({ name: `reader-${index}`, host: '127.0.0.1', port }))
    for (const replicas of [[], all]) {
      const made: StreamTarget[] = []
      const stream = streamPerNode((node) => {
        made.push(node)
        return new Socket()
      })
      const place = { host: '127.0.0.1', port: primary, name: 'writer' }
      const pool = new Pool({ ...login(user, password), ...place, keepAlive: true, stream, replicas })
      await pool.query('insert into kept values (1)')
      expect(made.find(({ name }) => name === 'writer')).toMatchObject({ ...place, ssl: false })
      await pool.end()
    }
  })
})
