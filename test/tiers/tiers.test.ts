import type { Socket } from 'node:net'
import type { PoolClient, QueryConfig } from 'pg'
import Cursor from 'pg-cursor'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  outcomeOf,
  type Balancer,
  type Pool,
  type PoolOptions,
  type RouteRequest,
  type TierPool,
} from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
const pools: Pool[] = []
const clients: PoolClient[] = []

/** One place for `batch` at every node, and one more statement may wait for it. */
const ONE_PLACE = { batch: { share: 0.2, maxQueue: 1 } }

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table notes (id int primary key, text text not null)')
  await cluster.caughtUp()
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.release(true)
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

afterAll(async () => {
  await cluster.stop()
})

const inOrder: Balancer = {
  order: (candidates) => candidates.toSorted((a, b) => a.id.localeCompare(b.id)),
}

async function open(options: PoolOptions): Promise<Pool> {
  const pool = poolOver(cluster, { max: 5, consistency: 'eventual', ...options })
  pools.push(pool)
  await replicasReady(pool)
  return pool
}

/** Holds a connection to the primary in this tier, in a transaction, until the client is released. */
async function hold(pool: Pool, tier: string, begin = 'begin'): Promise<PoolClient> {
  const client = await pool.tier(tier).connect()
  clients.push(client)
  await client.query(begin)
  return client
}

async function readOne(cursor: Cursor): Promise<void> {
  await cursor.read(1)
  await cursor.close()
}

function give(client: PoolClient | undefined): void {
  if (client === undefined) throw new Error('There is no such client')
  clients.splice(clients.indexOf(client), 1)
  client.release(true)
}

/** Reads that were answered by the primary, and by the replicas. */
function readsOf(pool: Pool): readonly number[] {
  return pool.stats().nodes.map(({ reads }) => reads)
}

/** The code of the error that it fails with. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? Reflect.get(error, 'code') : undefined
}

describe('the share of a tier', () => {
  it('a full queue fails at once, nobody else notices, and who waits has his turn', async () => {
    const pool = await open({ tiers: ONE_PLACE })
    const first = await hold(pool, 'batch')
    const write = { text: "insert into notes values (1, 'waits')", tier: 'batch' }
    const second = pool.query(write)
    const third = await pool.query(write).catch((error: unknown) => error)
    expect(third).toMatchObject({ code: 'SWITCHYARD_TIER_FULL', retryable: true })
    expect(outcomeOf(third)).toBe('not-sent')
    // The other four connections are free for all others.
    await Promise.all([1, 2, 3, 4].map(() => hold(pool, 'default')))
    give(first)
    expect((await second).rowCount).toBe(1)
  })

  it('holds on replicas too, for as long as a read-only transaction; another replica may have room', async () => {
    const pool = await open({ tiers: ONE_PLACE, balancer: inOrder })
    const read = { text: 'select id from notes', tier: 'batch' }
    const before = readsOf(pool)
    const held = await hold(pool, 'batch', 'begin read only')
    const waits = pool.query(read)
    await pool.query(read)
    const ofReplicas = (): readonly number[] => [...readsOf(pool)].toSorted((a, b) => b - a)
    const elsewhere = ofReplicas()
    give(held)
    await waits
    expect([elsewhere, ofReplicas()]).toEqual([
      [1, 0, 0],
      [1, 1, 0],
    ])
    expect(before).toEqual([0, 0, 0])
  })

  it('where all replicas are full a read fails at once, and the primary does not pay for it', async () => {
    const pool = await open({ tiers: { batch: { share: 0.2, maxQueue: 0 } }, balancer: inOrder })
    await hold(pool, 'batch', 'begin read only')
    await hold(pool, 'batch', 'begin read only')
    const read = pool.query({ text: 'select id from notes', tier: 'batch' })
    expect(await codeOf(read)).toBe('SWITCHYARD_TIER_FULL')
    expect(readsOf(pool)).toEqual([0, 0, 0])
  })

  it('whoever has waited for too long hears of it', async () => {
    const pool = await open({ tiers: { batch: { share: 0.2, maxWaitMs: 50 } } })
    await hold(pool, 'batch')
    const late = await pool
      .tier('batch')
      .query('delete from notes where id = 2')
      .catch((error: unknown) => error)
    expect(late).toMatchObject({ code: 'SWITCHYARD_TIER_TIMEOUT', retryable: true })
    expect(outcomeOf(late)).toBe('not-sent')
    const client = await pool.tier('batch').connect()
    expect(await codeOf(client.query('begin'))).toBe('SWITCHYARD_TIER_TIMEOUT')
    client.release()
  })

  it('whoever waits for a node that dies goes elsewhere', async () => {
    const pool = await open({
      tiers: { batch: { share: 0.2, maxQueue: 9 } },
      balancer: inOrder,
      replicas: cluster.replicas.map(({ config }) => config),
    })
    const ids = cluster.replicas.map(({ config }) => `${config.host}:${config.port}`).toSorted()
    const [first] = cluster.replicas.filter(({ config }) => ids[0] === `${config.host}:${config.port}`)
    if (first === undefined) return expect.unreachable()
    await hold(pool, 'batch', 'begin read only')
    const reads = [1, 2, 3].map(() => pool.query({ text: 'select id from notes', tier: 'batch' }))
    await first.stop('immediate')
    try {
      await Promise.all(reads)
      const other = pool.stats().nodes.find(({ id }) => id === ids[1])
      expect(other?.reads).toBe(3)
    } finally {
      await first.start()
      await cluster.caughtUp()
    }
  })
})

describe('the tier of a statement', () => {
  const tiers = { batch: { statementTimeoutMs: 11_000 }, report: { statementTimeoutMs: 22_000 } }
  const TIMEOUT = "select current_setting('statement_timeout') as timeout"
  const timeoutOf = async (
    queryable: { query: (query: string) => Promise<{ rows: { timeout: string }[] }> },
    text = TIMEOUT,
  ): Promise<string | undefined> => (await queryable.query(text)).rows[0]?.timeout

  it('is that of the query, or the handle, or the session', async () => {
    const pool = await open({ tiers, max: 1 })
    const batch = pool.tier('batch')
    expect(await timeoutOf(pool)).toBe('0')
    expect((await pool.query({ text: TIMEOUT, tier: 'batch' })).rows).toEqual([{ timeout: '11s' }])
    expect(await timeoutOf(batch)).toBe('11s')
    await pool.withSession({ tier: 'report' }, async () => {
      expect(await timeoutOf(pool)).toBe('22s')
      expect(await timeoutOf(batch)).toBe('11s')
      await pool.withSession(async () => expect(await timeoutOf(pool)).toBe('22s'))
      const client = await pool.connect()
      expect(await timeoutOf(client)).toBe('22s')
      await client.query('begin')
      expect(await timeoutOf(client)).toBe('22s')
      client.release()
    })
    expect(await timeoutOf(pool)).toBe('0')
  })

  it('also of a client, of its transactions, and of read-only ones', async () => {
    const pool = await open({ tiers, max: 1 })
    const batch = pool.tier('batch')
    for (const options of [{}, { readOnly: true }]) {
      expect(await batch.transaction((client) => timeoutOf(client), options)).toBe('11s')
    }
    expect(await timeoutOf(pool, `/* switchyard:primary */ ${TIMEOUT}`)).toBe('0')
    expect(await timeoutOf(pool)).toBe('0')
  })

  it.each([
    ['sets a timeout', "set statement_timeout = '5s'"],
    ['takes it away', 'reset statement_timeout'],
    ['takes all settings away', 'reset all'],
    ['discards all', 'discard all'],
  ])('is what it was after a client that %s', async (_what, sql) => {
    const pool = await open({ tiers, max: 1 })
    const batch = pool.tier('batch')
    const onPrimary = `/* switchyard:primary */ ${TIMEOUT}`
    expect(await timeoutOf(batch, onPrimary)).toBe('11s')
    for (const tier of [batch, pool]) {
      const client = await tier.connect()
      await client.query(sql)
      await timeoutOf(client)
      client.release()
      expect(await timeoutOf(batch, onPrimary)).toBe('11s')
      expect(await timeoutOf(batch)).toBe('11s')
      expect(await timeoutOf(pool, onPrimary)).toBe('0')
      expect(await timeoutOf(pool)).toBe('0')
    }
  })

  it('does not take what another has set for what the connection had', async () => {
    const pool = await open({ tiers, max: 1 })
    const onPrimary = `/* switchyard:primary */ ${TIMEOUT}`
    const client = await pool.connect()
    await client.query("set statement_timeout = '5s'")
    client.release()
    expect(await timeoutOf(pool.tier('batch'), onPrimary)).toBe('11s')
    expect(await timeoutOf(pool, onPrimary)).toBe('0')
  })

  it('is given on a connection that may be lost meanwhile: another one is used, and nobody else hears of it', async () => {
    const pool = await open({ tiers, max: 2 })
    pool.on('error', () => {})
    let isCut = false
    pool.on('connect', (client: PoolClient) => {
      const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } })
        .connection
      const { write } = stream
      // The library's own questions do not go through `client.query`.
      stream.write = (...args: unknown[]): boolean => {
        const isFirst = !isCut && Buffer.from(args[0] as Uint8Array).includes('statement_timeout')
        const isFlushed: unknown = Reflect.apply(write, stream, args)
        if (isFirst) setImmediate(() => stream.destroy(new Error('cut')))
        isCut ||= isFirst
        return isFlushed === true
      }
    })
    const uncaught: Error[] = []
    const note = (error: Error): void => void uncaught.push(error)
    process.on('uncaughtException', note)
    try {
      const client = await pool.tier('batch').connect()
      await client.query('begin')
      await client.query('rollback')
      client.release()
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      process.removeListener('uncaughtException', note)
    }
    expect(isCut).toBe(true)
    expect(uncaught).toEqual([])
  })

  it('ends what takes too long, and leaves what the connection had before', async () => {
    const pool = await open({ tiers: { batch: { statementTimeoutMs: 50 } }, max: 1 })
    pool.on('connect', (client) => void client.query("set statement_timeout = '7s'"))
    expect(await timeoutOf(pool)).toBe('7s')
    expect(await codeOf(pool.tier('batch').query('select pg_sleep(30)'))).toBe('57014')
    expect(
      await codeOf(pool.tier('batch').query('update notes set id = id where pg_sleep(30) is null')),
    ).toBe((await pool.query('select 1 from notes')).rowCount === 0 ? undefined : '57014')
    expect(await timeoutOf(pool)).toBe('7s')
  })

  it.each([
    ['a query', (pool: Pool) => pool.query({ text: 'select 1', tier: 'bach' })],
    ['a session', async (pool: Pool) => pool.withSession({ tier: 'bach' }, () => {})],
    ['a handle', async (pool: Pool) => pool.tier('bach')],
    [
      'a client’s query',
      async (pool: Pool) => {
        const client = await pool.connect()
        const query: QueryConfig & RouteRequest = { text: 'select 1', tier: 'bach' }
        await client.query(query).finally(() => client.release())
      },
    ],
  ])('must be one that there is: %s', async (_what, use) => {
    const unknown = { code: 'SWITCHYARD_INVALID_OPTION' }
    await expect(use(await open({ tiers }))).rejects.toMatchObject({
      ...unknown,
      message: expect.stringContaining('must be one of "batch", "report", "default"; received "bach"'),
    })
    await expect(use(await open({}))).rejects.toMatchObject({
      ...unknown,
      message: expect.stringContaining('the pool has no "tiers"'),
    })
  })
})

describe('the tags of a tier', () => {
  const replicas = (
    ...tags: readonly (Record<string, string> | undefined)[]
  ): NonNullable<PoolOptions['replicas']> =>
    cluster.replicas.map(({ config }, index) => ({ ...config, tags: tags[index] }))
  const tiers = { analytics: { tags: { use: 'reports' } } }

  it('its reads run on nodes that have them, all others anywhere', async () => {
    const pool = await open({ replicas: replicas(undefined, { use: 'reports' }), tiers })
    const before = readsOf(pool)
    await Promise.all(Array.from({ length: 20 }, () => pool.tier('analytics').query('select id from notes')))
    expect(readsOf(pool).map((reads, index) => reads - (before[index] ?? 0))).toEqual([0, 0, 20])
    const { plan } = await pool.explain({ text: 'select 1', tier: 'analytics' })
    expect(plan.candidates.map(({ reason }) => reason)).toEqual(['replica'])
    expect(plan.rejected.map(({ reason }) => reason)).toEqual(['other-tags'])
    expect((await pool.explain('select 1')).plan.candidates).toHaveLength(3)
  })

  const ofClient =
    (run: (client: PoolClient) => Promise<unknown>) =>
    async (tier: TierPool): Promise<void> => {
      const client = await tier.connect()
      clients.push(client)
      await run(client)
    }

  it.each<[string, (tier: TierPool) => Promise<unknown>]>([
    ['a query of the pool', (tier) => tier.query('select id from notes')],
    [
      'a cursor of the pool',
      (tier) => {
        const cursor = new Cursor('select id from notes')
        void tier.query(cursor)
        return readOne(cursor)
      },
    ],
    ['a query of a client', ofClient((client) => client.query('select id from notes'))],
    ['a cursor of a client', ofClient((client) => readOne(client.query(new Cursor('select id from notes'))))],
    [
      'a transaction that only reads',
      (tier) => tier.transaction((client) => client.query('select id from notes'), { readOnly: true }),
    ],
  ])('hold for %s', async (_what, run) => {
    // The balancer would send everything to the first one.
    const untagged = await open({ balancer: inOrder })
    const { candidates } = (await untagged.explain('select 1')).plan
    const isFirst = ({ port }: { port: number }): boolean => candidates[0]?.node.endsWith(`:${port}`) === true
    const configs = cluster.replicas.map(({ config }) => config).toSorted((a) => (isFirst(a) ? -1 : 1))
    const [first, second] = configs
    const tagged = [{ ...first }, { ...second, tags: { use: 'reports' } }]
    const pool = await open({ replicas: tagged, balancer: inOrder, tiers })
    const before = readsOf(pool)
    await run(pool.tier('analytics'))
    expect(readsOf(pool).map((reads, index) => reads - (before[index] ?? 0))).toEqual([0, 0, 1])
  })

  it('hold for what a client of the tier explains', async () => {
    const pool = await open({ replicas: replicas(undefined, { use: 'reports' }), tiers })
    const client = await pool.tier('analytics').connect()
    clients.push(client)
    const { plan } = await pool.explain('select 1', client)
    expect(plan.rejected.map(({ reason }) => reason)).toEqual(['other-tags'])
  })

  it('writes go to the primary as ever', async () => {
    const pool = await open({ replicas: replicas({ use: 'reports' }), tiers })
    expect((await pool.tier('analytics').query("insert into notes values (3, 'x')")).rowCount).toBe(1)
  })

  it('where nobody has them its reads fail after a while, and the primary is left alone', async () => {
    const pool = await open({ replicas: replicas(), tiers, failoverTimeoutMs: 200 })
    const failed = await pool
      .tier('analytics')
      .query('select 1')
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'SWITCHYARD_TIER_UNSERVED', retryable: true })
    expect(failed).toHaveProperty('message', expect.stringContaining('{"use":"reports"}'))
    const begin = pool.tier('analytics').transaction((client) => client.query('select 1'), { readOnly: true })
    expect(await codeOf(begin)).toBe('SWITCHYARD_TIER_UNSERVED')
  })

  it('or on the primary, when it has them', async () => {
    const pool = await open({ replicas: replicas(), tags: { use: 'reports' }, tiers })
    await pool.tier('analytics').query('select id from notes')
    expect(readsOf(pool)).toEqual([1, 0, 0])
  })
})
