import pg, { type PoolClient, type QueryConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool, type PoolOptions, type RouteRequest } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { whileUncaughtIsHeard } from '../support/uncaught.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

afterAll(async () => {
  await cluster.stop()
})

const ON_PRIMARY: QueryConfig & RouteRequest = { text: 'select 1', route: 'primary' }

const broken = (): never => {
  throw new Error('mine')
}

type Queryable = Record<'query', (...args: unknown[]) => unknown>
type Ask = (to: Queryable) => unknown

/** With a callback: resolves when that is called. */
function heard(to: Queryable, args: readonly unknown[], after = (): void => {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    to.query(...args, (error: Error | null | undefined, result: unknown) => {
      if (error) reject(error)
      else resolve(result)
      after()
    })
  })
}

const getter = (name: string): object =>
  Object.defineProperty({ text: 'select 1' }, name, { get: broken, enumerable: true })
const types = { getTypeParser: () => broken }

/** What is given to `query()`. */
const GIVEN: readonly (readonly [string, readonly unknown[]])[] = [
  ['null', [null]],
  ['undefined', [undefined]],
  ['a number', [42]],
  ['an empty object', [{}]],
  ['a text that is a number', [{ text: 42 }]],
  ['values that are no array', ['select $1', 'x']],
  ['a value whose toPostgres throws', ['select $1', [{ toPostgres: broken }]]],
  ['a value whose toJSON throws', ['select $1', [{ toJSON: broken }]]],
  [
    'a name, and a value whose toPostgres throws',
    [{ name: 'n', text: 'select $1', values: [{ toPostgres: broken }] }],
  ],
  ['a getter of the text that throws', [getter('text')]],
  ['a getter of the values that throws', [getter('values')]],
  ['a getter of the name that throws', [getter('name')]],
  ['a type parser that throws', [{ text: 'select 1 as a', types }]],
  [
    'an insert with a type parser that throws',
    [{ text: 'create temp table if not exists t as select 1; select 1 as a', types }],
  ],
]

const CASES: readonly (readonly [string, Ask])[] = [
  ...GIVEN.map(([name, args]) => [name, (to: Queryable) => to.query(...args)] as const),
  ...GIVEN.map(([name, args]) => [`${name}, with a callback`, (to: Queryable) => heard(to, args)] as const),
  ['a callback that throws', (to) => heard(to, ['select 1'], broken)],
  [
    'a callback that throws, of a write',
    (to) => heard(to, ['create temp table if not exists u (a int)'], broken),
  ],
  ['a callback that throws behind an error', (to) => heard(to, ['select nothing'], broken)],
  ['a callback that throws behind an error of a write', (to) => heard(to, ['drop table nothing'], broken)],
]

/** These are told by an exception of the call, by a rejection, or by a callback. */
async function outcome(
  ask: () => unknown,
): Promise<{ readonly told: string; readonly uncaught: readonly string[] }> {
  let told = ''
  const errors = await whileUncaughtIsHeard(async () => {
    try {
      await ask()
      told = 'answered'
    } catch (error) {
      told = (error as Error).message
    }
  })
  return { told, uncaught: errors.map((error) => (error as Error).message) }
}

const options = (): PoolOptions => ({ ...cluster.primary.config, max: 2, logger: false })
const POOLS: readonly (readonly [string, () => pg.Pool])[] = [
  ['a replica', () => new Pool({ ...options(), replicas: cluster.replicas.map(({ config }) => config) })],
]

describe.each(POOLS)('foreign code that throws, with %s', (_name, make) => {
  for (const isSet of [false, true]) {
    describe(isSet ? 'behind SET' : 'without settings', () => {
      let bare: pg.Pool
      let pool: pg.Pool

      beforeAll(async () => {
        bare = new pg.Pool(options())
        bare.on('error', () => {})
        pool = make()
        if ((pool as Pool).stats().nodes.length > 0) await replicasReady(pool as Pool)
        for (const each of [bare, pool]) if (isSet) await each.query(`set timezone = 'UTC'`)
      })

      afterAll(async () => {
        // Lanes rest for a second before they give their connections back, so this is not asked after each case.
        await until('nothing is in use', () => pool.totalCount === pool.idleCount)
        await Promise.all([bare.end(), pool.end()])
      })

      it.each(CASES)('pool.query: %s', async (_case, ask) => {
        const [expected, found] = [await outcome(() => ask(bare)), await outcome(() => ask(pool))]
        expect(found).toEqual(expected)
        expect((await pool.query('select 1 as a')).rows).toEqual([{ a: 1 }])
      })

      it.each(CASES)('client.query: %s', async (_case, ask) => {
        const [ours, theirs] = [await pool.connect(), await bare.connect()]
        // A callback that throws leaves node-postgres' parser in the middle of a message, which it may then hear twice.
        theirs.on('error', () => {})
        try {
          expect(await outcome(() => ask(ours as never))).toEqual(await outcome(() => ask(theirs as never)))
          expect((await ours.query('select 1 as a')).rows).toEqual([{ a: 1 }])
        } finally {
          ours.release()
          // Its socket's handler may have been cut short.
          theirs.release(true)
        }
      })

      it.each<[string, object]>([
        ['with handleError', { submit: broken, handleError: () => {} }],
        ['without', { submit: broken }],
      ])('pool.query: a query object whose submit throws, %s', async (_case, submittable) => {
        const found = await outcome(() => pool.query(submittable as never))
        expect(found).toEqual({ told: 'mine', uncaught: [] })
        expect((await pool.query('select 1 as a')).rows).toEqual([{ a: 1 }])
      })

      it('client.query: a query object whose submit throws', async () => {
        const client = await pool.connect()
        const told: string[] = []
        const submittable = { submit: broken, handleError: (error: Error) => told.push(error.message) }
        const { uncaught } = await outcome(async () => {
          try {
            client.query(submittable as never)
            await until('it is told', () => told.length > 0)
          } catch (error) {
            told.push((error as Error).message)
          }
        })
        expect([told[0], uncaught]).toEqual(['mine', []])
        client.release(true)
        expect((await pool.query('select 1 as a')).rows).toEqual([{ a: 1 }])
      })
    })
  }
})

describe('listeners and options that throw', () => {
  async function withPool(more: PoolOptions, use: (pool: Pool) => Promise<void>): Promise<unknown[]> {
    const replicas = cluster.replicas.map(({ config }) => config)
    const pool = new Pool({ ...options(), replicas, probeIntervalMs: 50, ...more })
    try {
      return [...(await whileUncaughtIsHeard(() => use(pool)))]
    } finally {
      await pool.end()
    }
  }
  const both = (pool: Pool): Promise<unknown>[] => [
    pool.query(ON_PRIMARY),
    pool.query('create temp table if not exists w (a int)'),
    pool.connect().then(async (client: PoolClient) => {
      try {
        return await client.query('create temp table if not exists w (a int)')
      } finally {
        client.release()
      }
    }),
  ]

  it.each(['connect', 'acquire'] as const)(
    'a listener of %s fails who asked for the connection',
    async (event) => {
      const uncaught = await withPool({}, async (pool) => {
        await replicasReady(pool)
        pool.on(event, broken)
        for (const result of await Promise.allSettled(both(pool))) {
          expect(result).toMatchObject({ status: 'rejected', reason: { message: 'mine' } })
        }
        pool.removeListener(event, broken)
        for (const result of await Promise.allSettled(both(pool))) expect(result.status).toBe('fulfilled')
      })
      expect(uncaught).toEqual([])
    },
  )

  it.each(['release', 'remove'] as const)(
    'a listener of %s is an uncaught exception, and stops nothing',
    async (event) => {
      const uncaught = await withPool({ max: 1 }, async (pool) => {
        await replicasReady(pool)
        pool.on(event, broken)
        for (let i = 0; i < 3; i++) {
          await Promise.all(both(pool))
          await expect(pool.query('select nothing')).rejects.toThrow('nothing')
        }
        pool.removeListener(event, broken)
      })
      expect(uncaught.length).toBeGreaterThan(0)
      for (const error of uncaught) expect(error).toMatchObject({ message: 'mine' })
    },
  )

  it('a listener of the view of the primary fails who asked for its client', async () => {
    const uncaught = await withPool({}, async (pool) => {
      pool.primary.on('acquire', broken)
      await expect(pool.primary.query('select 1')).rejects.toThrow('mine')
      pool.primary.removeAllListeners('acquire')
      await expect(pool.primary.query('select 1')).resolves.toBeDefined()
      await pool.primary.end()
    })
    expect(uncaught).toEqual([])
  })

  it.each<[string, object]>([
    ['onConnect', { onConnect: broken }],
    ['verify', { verify: broken }],
    ['an async onConnect', { onConnect: () => Promise.reject(new Error('mine')) }],
  ])('%s fails who asked for the connection', async (_name, more) => {
    const uncaught = await withPool(more, async (pool) => {
      for (const result of await Promise.allSettled(both(pool))) {
        expect(result).toMatchObject({ status: 'rejected', reason: { message: 'mine' } })
      }
    })
    expect(uncaught).toEqual([])
  })

  it('a logger has no effect', async () => {
    const uncaught = await withPool({ logger: { info: broken, warn: broken } }, async (pool) => {
      await replicasReady(pool)
      await Promise.all(both(pool))
    })
    expect(uncaught).toEqual([])
  })

  it('a balancer is passed over, and reported once', async () => {
    const failures: Error[] = []
    const balancer = { order: broken, started: broken, ended: broken }
    const uncaught = await withPool({ balancer }, async (pool) => {
      pool.events.on('balancerFailed', ({ cause }) => failures.push(cause))
      await replicasReady(pool)
      for (let i = 0; i < 5; i++) await pool.query('select 1')
      expect(pool.stats().nodes[1]?.reads).toBe(5)
    })
    expect(uncaught).toEqual([])
    expect(failures.map(({ message }) => message)).toEqual(['mine'])
  })

  it.each<[string, () => string | Promise<string>]>([
    ['that throws', broken],
    ['that rejects', () => Promise.reject(new Error('mine'))],
  ])('a password function %s gives its error', async (_name, password) => {
    const replicas = cluster.replicas.map(({ config }) => ({ ...config, password }))
    const uncaught = await withPool({ password, replicas }, async (pool) => {
      await expect(pool.query('select 1')).rejects.toThrow('mine')
      await expect(pool.connect()).rejects.toThrow('mine')
    })
    expect(uncaught).toEqual([])
  })

  it('callbacks of connect() and end() are uncaught exceptions', async () => {
    const pool = new Pool({ ...options(), replicas: cluster.replicas.map(({ config }) => config) })
    const uncaught = await whileUncaughtIsHeard(async () => {
      await new Promise<void>((resolve) => {
        pool.connect((_error, _client, done) => {
          done()
          resolve()
          broken()
        })
      })
      await new Promise<void>((resolve) => {
        pool.end(() => {
          resolve()
          broken()
        })
      })
    })
    expect(uncaught.map((error) => (error as Error).message)).toEqual(['mine', 'mine'])
  })
})
