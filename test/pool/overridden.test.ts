import type { PoolClient, QueryConfig } from 'pg'
import pg from 'pg'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool, type PoolOptions, type RouteRequest } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { WAITING, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    `create schema other; create table marks (owner text); create table other.marks (owner text);
     insert into marks values ('public'); insert into other.marks values ('other')`,
  )
})

afterAll(async () => {
  await cluster.stop()
})

/** `pg.Client`, without its overloads. */
interface LooseClient {
  connect(callback: unknown): unknown
  query(config: unknown, ...rest: unknown[]): unknown
  end(callback: unknown): unknown
}

type Connected = (error?: Error, client?: PoolClient, done?: (error?: Error) => void) => void
type Connect = (callback?: Connected) => Promise<PoolClient> | undefined

/** What pg.Pool calls a `connect()` that prepares each client. */
function prepared(connect: Connect, prepare: (client: PoolClient) => Promise<unknown>): Connect {
  return (callback) => {
    if (callback === undefined) {
      return connect()?.then(async (client) => {
        await prepare(client)
        return client
      })
    }
    void connect((error, client, done) => {
      if (client === undefined) return callback(error)
      // The form that pg.Pool has for callbacks.
      // oxlint-disable-next-line promise/no-promise-in-callback
      prepare(client).then(() => callback(undefined, client, done), callback)
    })
    return undefined
  }
}

const intoOther = (client: PoolClient): Promise<unknown> => client.query('set search_path = other')

class OtherPool extends Pool {
  override readonly connect = prepared(
    (callback) => super.connect(callback as never) as never,
    intoOther,
  ) as Pool['connect']
}

class MethodPool extends Pool {
  override connect(callback?: unknown): never {
    const connect: Connect = (given) => super.connect(given as never) as never
    return prepared(connect, intoOther)(callback as Connected) as never
  }
}

function options(more: PoolOptions = {}): PoolOptions {
  const replicas = cluster.replicas.map(({ config }) => config)
  return {
    ...cluster.primary.config,
    replicas,
    logger: false,
    max: 3,
    tiers: { api: { share: 1 } },
    ...WAITING,
    ...more,
  }
}

const WAYS: readonly (readonly [string, () => Pool])[] = [
  ['a method of a subclass', () => new MethodPool(options())],
  ['a property of a subclass', () => new OtherPool(options())],
  [
    'a property of the pool',
    () => {
      const pool = new Pool(options())
      const own = pool.connect.bind(pool) as Connect
      Object.assign(pool, { connect: prepared(own, intoOther) })
      return pool
    },
  ],
  [
    'one that knows promises alone',
    () => {
      const pool = new Pool(options())
      const own = pool.connect.bind(pool)
      const connect = async (): Promise<PoolClient> => {
        const client = await own()
        await intoOther(client)
        return client
      }
      return Object.assign(pool, { connect })
    },
  ],
  [
    'one that knows callbacks alone',
    () => {
      const pool = new Pool(options())
      const own = pool.connect.bind(pool) as Connect
      const connect = (callback: Connected): unknown => prepared(own, intoOther)(callback)
      return Object.assign(pool, { connect: connect as Pool['connect'] })
    },
  ],
  [
    'a proxy',
    () => {
      const pool = new Pool(options())
      const connect = prepared(pool.connect.bind(pool) as Connect, intoOther)
      return new Proxy(pool, {
        get: (target, name, receiver) =>
          name === 'connect' ? connect : (Reflect.get(target, name, receiver) as unknown),
      })
    },
  ],
]

const OWNER = 'select owner from marks limit 1'

describe.each(WAYS)('connect() that is overridden by %s', (_name, make) => {
  let pool: Pool

  beforeAll(async () => {
    pool = make()
    await replicasReady(pool)
  })

  afterAll(async () => {
    await pool.end()
  })

  it.each<[string, () => Promise<unknown>]>([
    ['pool.query', async () => (await pool.query<{ owner: string }>(OWNER)).rows[0]?.owner],
    [
      'pool.query with values',
      async () => (await pool.query<{ owner: string }>(`${OWNER} offset $1`, [0])).rows[0]?.owner,
    ],
    [
      'pool.query with a callback',
      () =>
        new Promise((resolve, reject) => {
          pool.query(OWNER, (error: Error | undefined, result: pg.QueryResult<{ owner: string }>) => {
            if (error) reject(error)
            else resolve(result.rows[0]?.owner)
          })
        }),
    ],
    ['a tier', async () => (await pool.tier('api').query<{ owner: string }>(OWNER)).rows[0]?.owner],
    ['the primary view', async () => (await pool.primary.query<{ owner: string }>(OWNER)).rows[0]?.owner],
    [
      'a transaction',
      () => pool.transaction(async (client) => (await client.query<{ owner: string }>(OWNER)).rows[0]?.owner),
    ],
    [
      'a transaction of a tier',
      () =>
        pool
          .tier('api')
          .transaction(async (client) => (await client.query<{ owner: string }>(OWNER)).rows[0]?.owner),
    ],
  ])('serves %s', async (_what, owner) => {
    for (let i = 0; i < 5; i++) expect(await owner()).toBe('other')
  })

  it('serves writes', async () => {
    await pool.query(`insert into marks values ('other')`)
    await pool.query({ text: 'insert into marks values ($1)', values: ['other'] })
    await pool.tier('api').query(`insert into marks values ('other')`)
    await pool.primary.query(`insert into marks values ('other')`)
    expect(await ask(cluster.primary.config, 'select owner from public.marks')).toEqual([{ owner: 'public' }])
  })

  it.each<[string, () => Pick<Pool, 'query'>]>([
    ['the pool', () => pool],
    ['a tier', () => pool.tier('api')],
    ['the primary view', () => pool.primary],
  ])('serves streams of %s, and has their clients back', async (_what, inner) => {
    const stream = new QueryStream(OWNER)
    const ended = inner().query(stream) as unknown as Promise<unknown>
    expect(await stream.toArray()).toEqual([{ owner: 'other' }])
    await ended
    for (let i = 0; i < 6; i++) {
      const dropped = new QueryStream('select generate_series(1, 100000)')
      const closed = inner().query(dropped) as unknown as Promise<unknown>
      dropped.destroy()
      await closed
    }
    expect((await inner().query(OWNER)).rows).toEqual([{ owner: 'other' }])
    await until('all is given back', () => pool.idleCount === pool.totalCount)
  })

  it('still routes reads, and gives everything back', async () => {
    const before = pool.stats().nodes[1]?.reads ?? 0
    for (let i = 0; i < 5; i++) await pool.query(OWNER)
    expect(pool.stats().nodes[1]?.reads).toBe(before + 5)
    expect(pool.idleCount).toBe(pool.totalCount)
  })
})

describe('connect() of a pool inside', () => {
  it('is asked by its query() where it is overridden', async () => {
    const pool = new Pool(options())
    await replicasReady(pool)
    try {
      for (const inner of [pool.tier('api'), pool.primary]) {
        const own = inner.connect.bind(inner) as unknown as Connect
        Object.assign(inner, { connect: prepared(own, intoOther) })
        expect((await inner.query(OWNER)).rows).toEqual([{ owner: 'other' }])
      }
    } finally {
      await pool.end()
    }
  })
})

describe('a proxy of a pool', () => {
  it('does what the pool does', async () => {
    const pool = new Proxy(new Pool(options()), {})
    await replicasReady(pool)
    expect((await pool.query('select 1 as a')).rows).toEqual([{ a: 1 }])
    const client = new Proxy(await pool.connect(), {})
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }])
    expect(client.getTransactionStatus()).toBe('I')
    client.release()
    const tier = new Proxy(pool.tier('api'), {})
    expect((await tier.query('select 1 as a')).rows).toEqual([{ a: 1 }])
    expect((await new Proxy(pool.primary, {}).query('select 1 as a')).rows).toEqual([{ a: 1 }])
    expect(pool.totalCount).toBeGreaterThan(0)
    await pool.end()
  })
})

/** What of pg-pool's and the client's own methods a program may replace, and whether that counts. */
describe('arguments of node-postgres', () => {
  async function withPool<T>(more: object, use: (pool: Pool) => Promise<T>): Promise<T> {
    const pool = new Pool(options(more))
    try {
      await replicasReady(pool)
      return await use(pool)
    } finally {
      await pool.end()
    }
  }

  it('the option Client: its methods run on every connection, and clients have them', async () => {
    const log: string[] = []
    class OwnClient extends (pg.Client as unknown as new (config: unknown) => LooseClient) {
      readonly kind = 'own'
      override connect(callback: unknown): unknown {
        log.push('connect')
        return super.connect(callback)
      }
      override query(config: unknown, ...rest: unknown[]): unknown {
        if (config !== OWNER) return super.query(config, ...rest)
        log.push('query')
        return super.query(OWNER.replace('marks', 'other.marks'), ...rest)
      }
      override end(callback: unknown): unknown {
        log.push('end')
        return super.end(callback)
      }
      greet(): string {
        return `hello from ${this.kind}`
      }
    }
    await withPool({ Client: OwnClient }, async (pool) => {
      for (let i = 0; i < 30; i++) expect((await pool.query(OWNER)).rows).toEqual([{ owner: 'other' }])
      expect(log.filter((each) => each === 'query')).toHaveLength(30)
      const client = await pool.connect()
      expect(client).toBeInstanceOf(OwnClient)
      expect((client as unknown as OwnClient).greet()).toBe('hello from own')
      expect((await client.query(OWNER)).rows).toEqual([{ owner: 'other' }])
      client.release()
    })
    expect(log).toContain('connect')
    expect(log).toContain('end')
  })

  it('a query() that a connect listener puts on the connection', async () => {
    await withPool({}, async (pool) => {
      let count = 0
      pool.on('connect', (client) => {
        const query = client.query.bind(client) as (...args: unknown[]) => unknown
        const own = (...args: unknown[]): unknown => {
          const [config] = args
          if (typeof config === 'string' && config === OWNER) count += 1
          return query(...args)
        }
        Object.assign(client, { query: own })
      })
      for (let i = 0; i < 30; i++) await pool.query(OWNER)
      expect(count).toBe(30)
    })
  })

  it('the option Promise', async () => {
    class OwnPromise<T> extends Promise<T> {}
    await withPool({ Promise: OwnPromise }, async (pool) => {
      const asked = [pool.query('select 1'), pool.connect()] as const
      for (const each of asked) expect(each).toBeInstanceOf(OwnPromise)
      ;(await asked[1]).release()
      await asked[0]
      await expect(pool.query('select nothing')).rejects.toMatchObject({ code: '42703' })
    })
  })

  it('the options log, onConnect and verify', async () => {
    const calls = { log: 0, onConnect: 0, verify: 0 }
    const hooks = {
      log: () => (calls.log += 1),
      onConnect: () => (calls.onConnect += 1),
      verify: (_client: PoolClient, done: (error?: Error) => void) => {
        calls.verify += 1
        done()
      },
    }
    await withPool(hooks, async (pool) => {
      await pool.query('select 1')
      const onPrimary: QueryConfig & RouteRequest = { text: 'select 1', route: 'primary' }
      await pool.query(onPrimary)
    })
    expect(calls.onConnect).toBeGreaterThanOrEqual(2)
    expect(calls.verify).toBe(calls.onConnect)
    expect(calls.log).toBeGreaterThan(0)
  })

  it('a client.release() that is replaced', async () => {
    await withPool({}, async (pool) => {
      const client = await pool.connect()
      const release = client.release.bind(client)
      let released = 0
      client.release = (error) => {
        released += 1
        release(error)
      }
      await client.query('select 1')
      client.release()
      expect(released).toBe(1)
    })
  })

  it('methods of a client that node-postgres reads: type parsers', async () => {
    await withPool({}, async (pool) => {
      const client = await pool.connect()
      client.setTypeParser(23, (value) => `int ${value}`)
      for (let i = 0; i < 3; i++) expect((await client.query('select 1 as a')).rows).toEqual([{ a: 'int 1' }])
      expect(client.getTypeParser(23)('7')).toBe('int 7')
      expect(client.escapeIdentifier('a"b')).toBe('"a""b"')
      client.release(true)
    })
  })
})
