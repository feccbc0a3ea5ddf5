import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool as PgPool } from 'pg'
import pgSwitchyard, { Client, DatabaseError, Pool, types } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { startProxy } from '../support/tcp-proxy.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(async () => {
  await cluster.stop()
})

const connectionsTo = async (config: Cluster['primary']['config'], like: string): Promise<number> => {
  const sql = 'select count(*)::int as n from pg_stat_activity where application_name like $1'
  return Number((await ask(config, sql, [like]))[0]?.['n'])
}

describe('the module', () => {
  it('has the shape of pg', () => {
    expect(pgSwitchyard.Pool).toBe(Pool)
    expect(pgSwitchyard.Client).toBe(Client)
    expect(pgSwitchyard.types).toBe(types)
    expect(pgSwitchyard.DatabaseError).toBe(DatabaseError)
    expect(new Pool({ replicas: ['postgres://h2/db'] })).toBeInstanceOf(PgPool)
    expect(Pool.name).toBe('Pool')
  })
})

describe('connections', () => {
  it('new Pool() opens none', async () => {
    const pool = poolOver(cluster, { application_name: 'idle pool' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(pool.stats().nodes.map(({ state }) => state)).toEqual(['pending', 'pending'])
    expect(pool.totalCount).toBe(0)
    await pool.end()
  })

  it('new Pool() that is neither used nor ended is garbage', async () => {
    const open = (): WeakRef<Pool> => new WeakRef(poolOver(cluster))
    const pools = Array.from({ length: 5 }, open)
    await until('all are gone', async () => {
      // What a WeakRef has given stays until the next turn.
      await new Promise((resolve) => setImmediate(resolve))
      collectGarbage()
      return pools.every((pool) => pool.deref() === undefined)
    })
  })

  it('are at most max a node, and one more for monitoring', async () => {
    const pool = poolOver(cluster, { max: 3, application_name: 'counted' })
    await replicasReady(pool)
    const reads = Array.from({ length: 20 }, () =>
      pool.query({ text: 'select pg_sleep(0.1)', route: 'replica' }),
    )
    const writes = Array.from({ length: 20 }, () => pool.query('do $$ begin perform pg_sleep(0.1); end $$'))
    await until('all connections are open', () => pool.totalCount === 6)
    expect(pool.waitingCount).toBeGreaterThan(0)
    for (const { config } of [cluster.primary, ...cluster.replicas]) {
      await until('they are open there', async () => (await connectionsTo(config, 'counted')) === 3)
      // The catalog is read over a connection that closes behind it.
      await until(
        'only the monitor is left',
        async () => (await connectionsTo(config, 'pg-switchyard monitor')) === 1,
      )
    }
    await Promise.allSettled([...reads, ...writes])
    await pool.end()
    await until(
      'all are closed',
      async () => (await connectionsTo(cluster.primary.config, 'pg-switchyard monitor')) === 0,
    )
    expect([pool.ending, pool.ended, pool.totalCount]).toEqual([true, true, 0])
  })

  it('obey maxLifetimeSeconds and a password that is a function, on every node', async () => {
    let asked = 0
    const { password } = cluster.primary.config
    const secret = (): Promise<string> => {
      asked += 1
      return Promise.resolve(password)
    }
    const [replica] = cluster.replicas.map(({ config: { host, port } }) => ({ host, port }))
    const pool = poolOver(cluster, {
      password: secret,
      maxLifetimeSeconds: 1,
      replicas: replica ? [replica] : [],
    })
    await replicasReady(pool)
    await Promise.all([pool.query('select 1'), pool.query('select 1 for update').catch(() => {})])
    expect(asked).toBeGreaterThanOrEqual(4)
    const removed: unknown[] = []
    pool.on('remove', (client) => removed.push(client))
    await until('the connections have grown old', () => pool.totalCount === 0)
    await until('they are told of', () => removed.length > 0)
    await pool.end()
  })

  it('show pg.Pool’s events on the pool', async () => {
    const pool = poolOver(cluster)
    const events: string[] = []
    for (const name of ['connect', 'acquire', 'release', 'remove'] as const)
      pool.on(name, () => events.push(name))
    await replicasReady(pool)
    await pool.query('select 1')
    expect(events).toEqual(['connect', 'acquire', 'release'])
    await pool.end()
    // As with pg.Pool, a moment after end() resolves.
    await until('the connection is closed', () => events.length === 4)
    expect(events[3]).toBe('remove')
  })
})

describe('end()', () => {
  it('waits for what runs, then nothing more is taken', async () => {
    const pool = poolOver(cluster)
    await replicasReady(pool)
    const running = pool.query('select 1 as one from pg_sleep(0.1)')
    await until('it runs', () => pool.totalCount === 1)
    const ended = pool.end()
    await expect(pool.query('select 1')).rejects.toThrow('Cannot use a pool after calling end on the pool')
    await expect(pool.connect()).rejects.toThrow('Cannot use a pool after calling end on the pool')
    await expect(pool.end()).rejects.toThrow('Called end on pool more than once')
    expect((await running).rows).toEqual([{ one: 1 }])
    await ended
    expect(pool.ended).toBe(true)
  })

  it('waits for clients that are checked out, which go on meanwhile', async () => {
    const pool = poolOver(cluster)
    const client = await pool.connect()
    const ended = pool.end()
    await client.query('begin')
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await client.query('commit')
    expect(pool.ended).toBe(false)
    client.release()
    await ended
    expect(pool.ended).toBe(true)
  })

  it('lets the very first query have its answer', async () => {
    const pool = poolOver(cluster)
    const first = pool.query('select 1 as one')
    const ended = pool.end()
    expect((await first).rows).toEqual([{ one: 1 }])
    await ended
  })

  it('does not wait for a server that says nothing to a new connection', async () => {
    const { primary, replicas } = cluster
    const target = replicas[0]?.config ?? primary.config
    await using proxy = await startProxy(target)
    const pool = new Pool({
      ...primary.config,
      replicas: [{ ...target, ...proxy.config }],
      logger: false,
      lanes: false,
      readTimeoutMs: 200,
    })
    await replicasReady(pool)
    pool.on('connect', () => proxy.stall())
    const reads = await Promise.all([1, 2].map((i) => pool.query('select $1::int as i', [i])))
    expect(reads.map(({ rows }) => rows)).toEqual([[{ i: 1 }], [{ i: 2 }]])
    await pool.end()
    expect(pool.totalCount).toBe(0)
  })

  it('ends a pool that was never used, and calls back', async () => {
    const pool = poolOver(cluster)
    await new Promise<void>((resolve) => {
      pool.end(resolve)
    })
    expect(pool.ended).toBe(true)
  })
})

describe('several hosts in one address', () => {
  it('finds the primary by asking, whatever the order', async () => {
    const { user, password, database, host } = cluster.primary.config
    const ports = [cluster.replicas[0]?.config.port, cluster.primary.config.port]
    const url = `postgres://${user}:${encodeURIComponent(password)}@${ports.map((port) => `${host}:${port}`).join(',')}/${database}`
    const pool = new Pool({ connectionString: url, logger: false })
    await replicasReady(pool)
    await pool.query('create table if not exists found (id int)')
    await pool.query({ text: 'select 1', route: 'replica' })
    expect(pool.stats().nodes.map(({ role, queries }) => [role, queries])).toEqual([
      ['replica', 1],
      ['primary', 1],
    ])
    await pool.end()
  })
})

describe('without replicas', () => {
  it('is a pg.Pool', async () => {
    const pool = new Pool({ ...cluster.primary.config, max: 1 })
    const pids = await Promise.all(
      [1, 2].map(() => pool.query<{ pid: number }>('select pg_backend_pid() as pid')),
    )
    expect(pids[0]?.rows).toEqual(pids[1]?.rows)
    await pool.query('begin')
    await pool.query('commit')
    const client = await pool.connect()
    expect(client).toBeInstanceOf(Client)
    client.release()
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
    expect(pool.stats()).toEqual({ nodes: [], catalog: 'builtin', reads: 0, offload: 0 })
    await pool.end()
    await expect(pool.explain('select 1')).rejects.toThrow('Cannot use a pool after calling end on the pool')
  })

  it('has sessions, which begin with a token, and tell which of them cannot be believed', async () => {
    const pool = new Pool({ ...cluster.primary.config, max: 1 })
    const rejected: unknown[] = []
    pool.events.on('tokenRejected', (rejection) => rejected.push(rejection))
    const written = await pool.withSession(async (session) => {
      await pool.query('select 1')
      return [session.wrote, await session.token()]
    })
    expect(written).toEqual([false, undefined])
    const other = poolOver(cluster)
    const token = await other.withSession(async (session) => {
      await other.query('create temporary table written (id int)')
      return session.token()
    })
    expect(await pool.session({ token }).token()).toEqual(expect.any(String))
    expect(rejected).toEqual([])
    expect(await pool.session({ token: 'nonsense' }).token()).toBeUndefined()
    expect(rejected).toEqual([{ reason: 'malformed' }])
    const noTiers = expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }) as Error
    expect(() => pool.session({ tier: 'batch' })).toThrow(noTiers)
    expect(() => pool.tier('batch')).toThrow(noTiers)
    await Promise.all([pool.end(), other.end()])
  })
})

describe('a script that never calls end()', () => {
  const script = (body: string): string => `
    const { Pool } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)})
    const pool = new Pool({ ...JSON.parse(process.env.PRIMARY), idleTimeoutMillis: 100, replicas: [JSON.parse(process.env.REPLICA)] })
    ${body}`

  const run = (body: string): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = {
        ...process.env,
        PRIMARY: JSON.stringify(cluster.primary.config),
        REPLICA: JSON.stringify(cluster.replicas[0]?.config),
      }
      const cwd = fileURLToPath(new URL('../..', import.meta.url))
      const child = spawn(process.execPath, ['--input-type=module', '-e', script(body)], { env, cwd })
      const output = { stdout: '', stderr: '' }
      child.stdout.on('data', (chunk: Buffer) => (output.stdout += String(chunk)))
      child.stderr.on('data', (chunk: Buffer) => (output.stderr += String(chunk)))
      child.on('close', (code) => resolve({ code, ...output }))
    })

  it('exits by itself, after its first query has been answered', async () => {
    const { code, stdout, stderr } = await run(
      `console.log((await pool.query('select 1 as one')).rows[0].one)`,
    )
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1\n', stderr: '' })
  })

  it('exits at once when it asked for nothing', async () => {
    expect(await run('')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('exits with the error when no server answers', async () => {
    const { code, stderr } = await run(
      `await new Pool({ port: 1, host: '127.0.0.1', logger: false, replicas: ['postgres://127.0.0.1:2/x'] }).query('select 1')`,
    )
    expect(code).toBe(1)
    expect(stderr).toContain('SWITCHYARD_NO_PRIMARY')
  })
})
