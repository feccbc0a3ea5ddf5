import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import Cursor from 'pg-cursor'
import { outcomeOf, Query, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
const pools: Pool[] = []

/** By time: then the reason of a read tells at once whether its session is marked. */
function open(options: Parameters<typeof poolOver>[1] = {}): Pool {
  const pool = poolOver(cluster, { consistency: 'window', ...options })
  pools.push(pool)
  return pool
}

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table notes (author text primary key, version int not null)')
  await ask(cluster.primary.config, `insert into notes values ('alice', 0), ('bob', 0), ('carol', 0)`)
  await ask(
    cluster.primary.config,
    `create procedure divide() language plpgsql
     as $$ begin update notes set version = 7 where author = 'bob'; commit; perform 1 / 0; end $$`,
  )
  await cluster.caughtUp()
})

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

afterAll(async () => {
  await cluster.stop()
})

const versionOf = async (pool: Pool, author: string): Promise<unknown> =>
  (await pool.query('select version from notes where author = $1', [author])).rows[0]

const reasonNow = async (pool: Pool): Promise<string> => (await pool.explain('select 1')).route.reason

describe('a session', () => {
  it('reads what it wrote while the replica has not replayed it', async () => {
    const pool = open({ windowMs: 1500 })
    await replicasReady(pool)
    const [replica] = cluster.replicas
    await replica?.pauseReplay()
    try {
      for (let version = 1; version <= 20; version++) {
        await pool.withSession(async () => {
          await pool.query('update notes set version = $1 where author = $2', [version, 'alice'])
          expect(await versionOf(pool, 'alice')).toEqual({ version })
        })
      }
      // The proof that the replica would have answered otherwise.
      const sql = `select version from notes where author = 'alice'`
      expect(await ask(replica?.config ?? {}, sql)).toEqual([{ version: 0 }])
    } finally {
      await replica?.resumeReplay()
    }
  })

  it('never reads an older state after the window either: a replica that is behind then is out', async () => {
    const pool = open({ windowMs: 200 })
    await replicasReady(pool)
    const [replica] = cluster.replicas
    await replica?.pauseReplay()
    try {
      await pool.withSession(async () => {
        await pool.query(`update notes set version = 77 where author = 'bob'`)
        const start = performance.now()
        while (performance.now() - start < 700) expect(await versionOf(pool, 'bob')).toEqual({ version: 77 })
        expect(await reasonNow(pool)).toBe('read')
      })
    } finally {
      await replica?.resumeReplay()
    }
  })

  it('is known to those within it and around it: another one goes on reading from replicas', async () => {
    const pool = open({ windowMs: 60_000, probeIntervalMs: 100 })
    await replicasReady(pool)
    await pool.withSession(async () => {
      await pool.query(`update notes set version = version where author = 'alice'`)
      expect(await reasonNow(pool)).toBe('session-wrote')
      await pool.withSession(async (within) => {
        expect(await reasonNow(pool)).toBe('session-wrote')
        expect(within.wrote).toBe(false)
      })
    })
    await pool.withSession(async () => expect(await reasonNow(pool)).toBe('read'))
    expect(await reasonNow(pool)).toBe('session-wrote')
  })

  it('is the pool itself outside of any: what the process wrote, the process reads', async () => {
    const pool = open({ windowMs: 60_000, probeIntervalMs: 100 })
    await replicasReady(pool)
    expect(await reasonNow(pool)).toBe('read')
    await pool.query(`update notes set version = version where author = 'carol'`)
    expect(await reasonNow(pool)).toBe('session-wrote')
  })

  it('is marked by what may have written, and not by what cannot have', async () => {
    const pool = open({ windowMs: 60_000, probeIntervalMs: 100 })
    await replicasReady(pool)
    const reasonAfter = (run: () => Promise<unknown>): Promise<string> =>
      pool.withSession(async () => {
        await run()
        return reasonNow(pool)
      })
    const inTransaction = async (...statements: string[]): Promise<void> => {
      const client = await pool.connect()
      for (const sql of ['begin', ...statements]) await client.query(sql)
      client.release()
    }
    expect(
      await reasonAfter(() => inTransaction(`update notes set version = 5 where author = 'bob'`, 'commit')),
    ).toBe('session-wrote')
    expect(await reasonAfter(() => inTransaction('select 1 from notes', 'commit'))).toBe('read')
    expect(await reasonAfter(() => pool.query('set statement_timeout = 0'))).toBe('read')

    const afterFailed = (...statements: string[]): Promise<string[]> =>
      Promise.all(
        statements.map((sql) =>
          reasonAfter(async () => {
            await expect(pool.query(sql)).rejects.toMatchObject({ severity: 'ERROR' })
          }),
        ),
      )
    // A table that is not known may have triggers that write over connections of their own.
    expect(await afterFailed('insert into notes values (null, 1)', 'insert into nowhere values (1)')).toEqual(
      ['read', 'session-wrote'],
    )
    expect(
      await afterFailed(
        `do $$ begin update notes set version = 6 where author = 'bob'; commit; perform 1 / 0; end $$`,
        `begin; update notes set version = 7 where author = 'bob'; commit; select 1 / 0`,
        'call divide()',
      ),
    ).toEqual(['session-wrote', 'session-wrote', 'session-wrote'])
    expect(await versionOf(pool, 'bob')).toEqual({ version: expect.toBeOneOf([6, 7]) as number })

    const lost = reasonAfter(async () => {
      const sql = `update notes set version = 8 from pg_sleep(30) where author = 'bob'`
      const outcome = pool.query(sql).catch((error: unknown) => outcomeOf(error))
      const kill = 'select pg_terminate_backend(pid) from pg_stat_activity where query = $1'
      await until('it runs and is ended', async () => {
        return (await ask(cluster.primary.config, kill, [sql])).length === 1
      })
      expect(await outcome).toBe('unknown')
    })
    expect(await lost).toBe('session-wrote')
  })
})

describe('a transaction', () => {
  it('tells every session that wrote in it, and the next one when it goes on', async () => {
    const pool = open({ windowMs: 60_000, probeIntervalMs: 100 })
    await replicasReady(pool)
    const client = await pool.connect()
    await pool.withSession(async () => {
      await client.query('begin')
      await client.query(`update notes set version = version where author = 'bob'`)
      await pool.withSession(async () => {
        await client.query(`update notes set version = version where author = 'carol'`)
        expect(await reasonNow(pool)).toBe('read')
        await client.query('commit and chain')
        expect(await reasonNow(pool)).toBe('session-wrote')
      })
      expect(await reasonNow(pool)).toBe('session-wrote')
    })
    await client.query('rollback')
    client.release()
  })

  it('leaves no mark when it is rolled back', async () => {
    const pool = open({ windowMs: 60_000, probeIntervalMs: 100 })
    await replicasReady(pool)
    const client = await pool.connect()
    await pool.withSession(async () => {
      await client.query('begin')
      await client.query(`update notes set version = version where author = 'bob'`)
      await client.query('rollback')
      expect(await reasonNow(pool)).toBe('read')
    })
    client.release()
  })

  it('through a query object is marked when it ends, however long it took', async () => {
    const pool = open({ windowMs: 300 })
    await replicasReady(pool)
    const [replica] = cluster.replicas
    const client = await pool.connect()
    await replica?.pauseReplay()
    try {
      await pool.withSession(async () => {
        const sql = `with slow as (select pg_sleep(0.6)) update notes set version = 600 from slow where author = 'bob'`
        await new Promise((resolve) => {
          Reflect.apply(client.query, client, [new Query(sql), resolve])
        })
        expect(await reasonNow(pool)).toBe('session-wrote')
        expect(await versionOf(pool, 'bob')).toEqual({ version: 600 })
      })
    } finally {
      client.release()
      await replica?.resumeReplay()
    }
  })
})

describe('the async context', () => {
  it('of cursors and notifications is that of the client’s user', async () => {
    const pool = open({ max: 1 })
    await replicasReady(pool)
    const users = new AsyncLocalStorage<string>()
    const heard: string[] = []
    const note = (): unknown => heard.push(`${users.getStore()}`)
    const use = (user: string): Promise<void> =>
      users.run(user, async () => {
        const client = await pool.connect()
        client.on('notification', note)
        await client.query(`listen ${user}`)
        const cursor = client.query(new Cursor('select * from notes'))
        await new Promise<void>((resolve, reject) => {
          cursor.read(1, (error: Error | undefined) => {
            note()
            if (error) reject(error)
            else resolve()
          })
        })
        await cursor.close()
        await client.query(`notify ${user}`)
        await client.query(`unlisten ${user}`)
        client.removeListener('notification', note)
        client.release()
      })
    await use('alice')
    await use('bob')
    expect(heard).toEqual(['alice', 'alice', 'bob', 'bob'])
  })

  it.each(['promise', 'callback'] as const)(
    'is the caller’s, though two users share one connection (%s)',
    async (form) => {
      const pool = open({ max: 1, windowMs: 60_000, probeIntervalMs: 100 })
      await replicasReady(pool)
      const users = new AsyncLocalStorage<string>()
      const heard: string[] = []
      const query = (sql: string): Promise<unknown> =>
        form === 'promise'
          ? pool.query(sql).then(() => heard.push(`${users.getStore()}`))
          : new Promise((resolve) => {
              pool.query(sql, () => resolve(heard.push(`${users.getStore()}`)))
            })
      const reasons = await Promise.all(
        ['alice', 'bob', 'carol'].map((user) =>
          users.run(user, () =>
            pool.withSession(async () => {
              for (let i = 0; i < 20; i++) {
                await query(`select '${user}' from notes`)
                await query(`/* ${user} */ select 1 from notes for share`)
                expect(users.getStore()).toBe(user)
              }
              if (user === 'alice') await query(`update notes set version = 9 where author = 'alice'`)
              else await until('alice has written', () => heard.length >= 121)
              return [user, await reasonNow(pool)]
            }),
          ),
        ),
      )
      expect(heard.filter((user) => user === 'alice')).toHaveLength(41)
      expect(heard.filter((user) => user === 'bob')).toHaveLength(40)
      expect(new Map(reasons as [string, string][]).get('alice')).toBe('session-wrote')
    },
  )

  it('a write of one user does not send another user’s reads to the primary, with one connection for both', async () => {
    const pool = open({ max: 1, windowMs: 60_000, probeIntervalMs: 100 })
    await replicasReady(pool)
    const turns = Array.from({ length: 30 }, async (_unused, i) =>
      pool.withSession(async () => {
        const writes = i % 2 === 0
        await new Promise((resolve) => {
          const sql = writes
            ? `update notes set version = version where author = 'bob'`
            : 'select 1 from notes'
          pool.query(sql, resolve)
        })
        return [writes, await reasonNow(pool)] as const
      }),
    )
    for (const [writes, reason] of await Promise.all(turns))
      expect(reason).toBe(writes ? 'session-wrote' : 'read')
  })
})
