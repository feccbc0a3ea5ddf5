import type { EventEmitter } from 'node:events'
import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { Client, type PoolClient, type QueryConfig, type QueryResult } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'

const BY_ID = 'select id, label from items where id = $1'
const SLEEPY = 'select pg_sleep(case when $1::int = 1 then 60 else 0 end)::text as slept'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(500))
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { consistency: 'eventual' })

/** Connections of the pool to the replica, as it knows them. */
function connections(pool: Pool): { total: number; idle: number; waiting: number } {
  const node = pool.stats().nodes.find(({ role }) => role === 'replica')
  if (node === undefined) throw new Error('The pool has no replica')
  return node.connections
}

/** Connections that neither idle nor are in use by anybody, while nothing is under way. */
const lanesOf = (pool: Pool): number => connections(pool).total - connections(pool).idle

/** Runs this read until a lane carries it. */
async function warm(pool: Pool, text: string = BY_ID, values: unknown[] = [1]): Promise<void> {
  await until('there is a lane', async () => {
    for (let i = 0; i < 5; i++) await pool.query(text, values)
    return lanesOf(pool) > 0
  })
}

describe('reads that ride', () => {
  it('share connections: they are handed out to no client, although many are in flight', async () => {
    const pool = await open()
    await warm(pool)
    let released = 0
    pool.on('release', () => (released += 1))
    const answers: unknown[] = []
    for (let i = 0; i < 100; i += 4) {
      const ids = [i + 1, i + 2, i + 3, i + 4]
      answers.push(...(await Promise.all(ids.map((id) => pool.query(BY_ID, [id])))))
    }
    expect(answers.map((answer) => (answer as QueryResult).rows[0])).toEqual(
      Array.from({ length: 100 }, (_unused, i) => ({ id: i + 1, label: `item ${i + 1}` })),
    )
    // Over leases it would have been once for each.
    expect(released).toBeLessThan(50)
  })

  it('are counted as any read is', async () => {
    const pool = await open()
    await warm(pool)
    const before = pool.stats()
    await Promise.all(Array.from({ length: 50 }, () => pool.query(BY_ID, [1])))
    const after = pool.stats()
    expect(after.reads - before.reads).toBe(50)
    const sum = (stats: typeof after): number => stats.nodes.reduce((all, { queries }) => all + queries, 0)
    expect(sum(after) - sum(before)).toBe(50)
    expect(after.offload).toBe(1)
  })

  it('do so on connections of the pool: its hooks have run there, and they count inside of max', async () => {
    const pool = await open({ max: 4 })
    const hooked = new Set<unknown>()
    const seen = new Set<unknown>()
    pool.on('connect', (client: PoolClient) => {
      hooked.add(client)
      const connection = client.connection as unknown as EventEmitter
      connection.on('dataRow', () => seen.add(client))
    })
    for (let i = 0; i < 40; i++) {
      await Promise.all(Array.from({ length: 20 }, () => pool.query(BY_ID, [1])))
      expect(connections(pool).total).toBeLessThanOrEqual(4)
    }
    expect([...seen].filter((client) => !hooked.has(client))).toEqual([])
    expect(seen.size).toBeGreaterThan(0)
  })

  it('with lanes: false never do', async () => {
    const pool = await open({ lanes: false })
    for (let i = 0; i < 30; i++) await pool.query(BY_ID, [1])
    expect(lanesOf(pool)).toBe(0)
  })

  it('with max: 1 never do: a caller may need the connection for itself', async () => {
    const pool = await open({ max: 1 })
    for (let i = 0; i < 30; i++) await pool.query(BY_ID, [1])
    expect(lanesOf(pool)).toBe(0)
  })

  it('leave the lane to who waits for a connection', async () => {
    const pool = await open({ max: 2 })
    await warm(pool)
    const slow = 'select pg_sleep(0.05)::text'
    await Promise.all(Array.from({ length: 6 }, () => pool.query(slow)))
    expect(connections(pool).waiting).toBe(0)
  })

  it('give the lane back when nothing has come for a while', async () => {
    const pool = await open()
    await warm(pool)
    await until('the lane is given back', () => lanesOf(pool) === 0)
  })
})

describe('settings of sessions', () => {
  it('are not on a lane: a client with settings reads over leases, and no other sees them', async () => {
    const pool = await open({ max: 2 })
    const text = 'select $1::date::text as day'
    const day = async (from: Pick<Pool, 'query'>): Promise<unknown> => {
      const { rows } = await from.query<{ day: string }>(text, ['2020-01-02'])
      return rows[0]?.day
    }
    for (let i = 0; i < 5; i++) {
      const client = await pool.connect()
      await client.query("set datestyle = 'German'")
      for (let j = 0; j < 5; j++) {
        const [own, ...others] = await Promise.all([day(client), day(pool), day(pool), day(pool)])
        expect([own, ...others]).toEqual(['02.01.2020', '2020-01-02', '2020-01-02', '2020-01-02'])
      }
      client.release()
      for (let j = 0; j < 10; j++) expect(await day(pool)).toBe('2020-01-02')
    }
  })
})

describe('an error', () => {
  it('stays its own: the neighbours have their answers', async () => {
    const pool = await open()
    const text = 'select 10 / $1::int as result'
    await warm(pool, text, [5])
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_unused, i) =>
        pool.query<{ result: number }>(text, [i % 3]).then(
          ({ rows }) => rows[0]?.result,
          (error: Error & { code?: string }) => error.code,
        ),
      ),
    )
    expect(outcomes).toEqual(Array.from({ length: 60 }, (_unused, i) => ['22012', 10, 5][i % 3]))
  })

  it('of a value that does not convert is node-postgres’ error, and affects no other', async () => {
    const pool = await open()
    await warm(pool)
    const broken = {
      toPostgres(): never {
        throw new Error('no such value')
      },
    }
    const neighbours = Array.from({ length: 20 }, () => pool.query(BY_ID, [2]))
    await expect(pool.query(BY_ID, [broken])).rejects.toThrow('no such value')
    for (const { rows } of await Promise.all(neighbours)) expect(rows).toEqual([{ id: 2, label: 'item 2' }])
    expect((await pool.query(BY_ID, [3])).rows).toEqual([{ id: 3, label: 'item 3' }])
  })
})

describe('pipeline mode and AsyncLocalStorage', () => {
  it('callbacks run in the context of their caller, and not of the caller that opened the connection', async () => {
    const pool = await open()
    await warm(pool)
    const storage = new AsyncLocalStorage<string>()
    const seen = await Promise.all(
      ['alice', 'bob', 'carol'].map((name) =>
        storage.run(
          name,
          () =>
            new Promise((resolve) => {
              pool.query(BY_ID, [1], () => resolve([name, storage.getStore()]))
            }),
        ),
      ),
    )
    expect(seen).toEqual([
      ['alice', 'alice'],
      ['bob', 'bob'],
      ['carol', 'carol'],
    ])
  })
})

describe('a lane that is lost under load', () => {
  it('fails no read', async () => {
    const pool = await open({ application_name: 'lanes-killed' })
    await warm(pool)
    const killer = new Client(cluster.replicas[0]!.config)
    await killer.connect()
    let isOver = false
    let answered = 0
    const caller = async (id: number): Promise<void> => {
      while (!isOver) {
        const { rows } = await pool.query(BY_ID, [id])
        expect(rows).toEqual([{ id, label: `item ${id}` }])
        answered += 1
      }
    }
    const callers = Promise.all(Array.from({ length: 16 }, (_unused, i) => caller(i + 1)))
    let kills = 0
    for (let i = 0; i < 10; i++) {
      const seen = answered
      await until('reads are answered', () => answered > seen + 50)
      const { rows } = await killer.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lanes-killed'",
      )
      kills += rows.length
    }
    isOver = true
    await callers
    await killer.end()
    expect(kills).toBeGreaterThan(9)
  })
})

describe('a slow read on a lane', () => {
  /** So that the slow one, which looks like the fast ones, is on the lane. */
  async function withSleeper(
    pool: Pool,
  ): Promise<{ sleeper: Promise<unknown>; neighbours: Promise<number>[] }> {
    await warm(pool, SLEEPY, [0])
    const startedAt = performance.now()
    const query: object = { text: SLEEPY, values: [1], query_timeout: 5000 }
    const sleeper = pool.query(query as QueryConfig).catch((error: Error) => error)
    const neighbours = Array.from({ length: 20 }, () =>
      pool.query(SLEEPY, [0]).then(() => performance.now() - startedAt),
    )
    return { sleeper, neighbours }
  }

  it('holds up its neighbours for a moment only', async () => {
    const pool = await open()
    const { neighbours, sleeper } = await withSleeper(pool)
    const waited = Math.max(...(await Promise.all(neighbours)))
    // It sleeps for a minute, and is given up after five seconds.
    expect(waited).toBeLessThan(4000)
    await sleeper
  })

  it('pipeline mode: query_timeout answers its caller, and no other notices it', async () => {
    const pool = await open()
    const { neighbours, sleeper } = await withSleeper(pool)
    await Promise.all(neighbours)
    expect(await sleeper).toMatchObject({ message: 'Query read timeout' })
    expect((await pool.query(BY_ID, [4])).rows).toEqual([{ id: 4, label: 'item 4' }])
    // The connection was closed, so that the pool can end.
    await until('the lane is gone', () => lanesOf(pool) <= 1)
  })
})

describe('answers', () => {
  const read = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('row' as const), id: fc.integer({ min: 1, max: 500 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('fails' as const), id: fc.integer({ min: 1, max: 99 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('text' as const), id: fc.integer({ min: 1, max: 9999 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('large' as const), id: fc.integer({ min: 1, max: 99 }) }),
    },
  )

  async function check(pool: Pool, kind: 'row' | 'fails' | 'text' | 'large', id: number): Promise<void> {
    if (kind === 'row') {
      expect((await pool.query(BY_ID, [id])).rows).toEqual([{ id, label: `item ${id}` }])
    } else if (kind === 'fails') {
      const failing = pool.query('select 1 / ($1::int - $1::int) as x, $2::text as y', [id, `mine ${id}`])
      await expect(failing).rejects.toMatchObject({ code: '22012' })
    } else if (kind === 'text') {
      expect((await pool.query(`select ${id} as n, 'v${id}' as v`)).rows).toEqual([{ n: id, v: `v${id}` }])
    } else {
      const { rows } = await pool.query({
        text: "select repeat($1::text || ',', 20000) as t",
        values: [String(id)],
        rowMode: 'array',
      })
      expect(rows).toEqual([[`${id},`.repeat(20_000)]])
    }
  }

  it('never shift: each of many callers gets its own answer', async () => {
    const pool = await open()
    await warm(pool)
    await fc.assert(
      fc.asyncProperty(fc.array(read, { minLength: 20, maxLength: 120 }), async (reads) => {
        const outcomes = await Promise.allSettled(reads.map(({ kind, id }) => check(pool, kind, id)))
        for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      }),
      { numRuns: 15 },
    )
  }, 90_000)
})
