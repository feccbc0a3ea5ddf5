import { setTimeout as later } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { Client, type QueryResult } from 'pg'
import type { Pool } from '../../src/index.ts'
import type { ClusterNode } from '../../src/test-cluster/index.ts'
import { CausalBench, readNote } from '../support/causal-bench.ts'
import { ask, until } from '../support/servers.ts'
import { alterSystem } from '../support/settings.ts'

/**
 * With two synchronous standbys and `remote_apply`, one of them paused, the other one shows a commit that the primary does
 * not show: that waits for both.
 */
const bench = CausalBench.forTests()

beforeAll(async () => {
  const { config } = bench.cluster.primary
  await ask(config, 'create table others as select 1 as id, 0 as version')
  await alterSystem(config, {
    synchronous_standby_names: 'FIRST 2 (node2, node3)',
    synchronous_commit: 'remote_apply',
  })
  await until('both standbys are synchronous', async () => {
    const rows = await ask(config, `select 1 from pg_stat_replication where sync_state = 'sync'`)
    return rows.length === 2
  })
})

/** Runs `fn` while the replica 0 shows a commit, and the primary does not before `appears` is called. */
async function whileHidden(
  fn: (version: number, appears: () => Promise<void>) => Promise<void>,
  write: () => Promise<unknown> = () => bench.writeBehind(),
): Promise<void> {
  const { primary } = bench.cluster
  const [shows, paused] = [bench.replica(0), bench.replica(1)]
  const before = await versionAt(primary)
  await paused.pauseReplay()
  const written = write()
  const appears = async (): Promise<void> => {
    await paused.resumeReplay()
    await written
  }
  try {
    await until('the replica shows it', async () => (await versionAt(shows)) !== before)
    const version = await versionAt(shows)
    await fn(version, appears)
  } finally {
    await appears()
    await bench.cluster.caughtUp()
  }
}

async function versionAt({ config }: ClusterNode): Promise<number> {
  return Number((await ask(config, 'select version from notes where id = 1'))[0]?.['version'])
}

/** Takes the reads from both replicas. */
function drain(pool: Pool): void {
  pool.setNodes(
    bench.cluster.nodes.map((node) => ({
      ...node.config,
      weight: node === bench.cluster.primary ? 1 : 0,
    })),
  )
}

/** Reads until the replica has answered that shows it. */
async function seen(pool: Pool, version: number): Promise<void> {
  while ((await readNote(pool, { route: 'replica' })).version !== version);
}

/** Whoever does not wait has answered by then, and wrongly. */
function soon<T>(answer: Promise<T>): Promise<T | 'waits'> {
  return Promise.race([answer, later(200, 'waits' as const)])
}

/** Runs `fn` while somebody has written on the primary, and is idle in his transaction, or runs on and on. */
async function whileWriting<T>(state: 'idle' | 'running', fn: () => Promise<T>): Promise<T> {
  const client = new Client(bench.cluster.primary.config)
  await client.connect()
  try {
    await client.query('begin')
    await client.query('update others set version = version + 1')
    const running = state === 'running' ? client.query('select pg_sleep(60)').catch(() => {}) : undefined
    const answer = await fn()
    if (running !== undefined) {
      await ask(
        bench.cluster.primary.config,
        `select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'`,
      )
      await running
    }
    return answer
  } finally {
    await client.query('rollback')
    await client.end()
  }
}

describe('a session does not lose data that a replica has shown, and the primary does not show yet', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a statement', () => bench.writeBehind()],
    [
      'a subtransaction',
      () =>
        ask(
          bench.cluster.primary.config,
          `begin; savepoint a; update notes set version = version + 1000; release a; commit`,
        ),
    ],
    [
      'many at once',
      () =>
        Promise.all([
          ...Array.from({ length: 5 }, () =>
            ask(bench.cluster.primary.config, 'update others set version = version where id = 1'),
          ),
          bench.writeBehind(),
        ]),
    ],
  ])('when it has to leave the replica: %s', async (_name, write) => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await whileHidden(
      (version, appears) =>
        pool.withSession(async () => {
          await seen(pool, version)
          drain(pool)
          const reading = readNote(pool)
          expect(await soon(reading)).toBe('waits')
          await appears()
          expect(await reading).toMatchObject({ version, from: 'primary' })
        }),
      write,
    )
  })

  it('by a read that is to be strong', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await whileHidden((version, appears) =>
      pool.withSession(async () => {
        await seen(pool, version)
        const reading = readNote(pool, { consistency: 'strong' })
        expect(await soon(reading)).toBe('waits')
        await appears()
        expect(await reading).toMatchObject({ version, from: 'primary' })
      }),
    )
  })

  it('by a session within', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await whileHidden((version, appears) =>
      pool.withSession(async () => {
        await seen(pool, version)
        drain(pool)
        const reading = pool.withSession(() => readNote(pool))
        expect(await soon(reading)).toBe('waits')
        await appears()
        expect(await reading).toMatchObject({ version, from: 'primary' })
      }),
    )
  })

  it('by another process that goes on with its token', async () => {
    const [pool, another] = [
      await bench.open({ catchUpTimeoutMs: 30 }),
      await bench.open({ catchUpTimeoutMs: 30 }),
    ]
    drain(another)
    await whileHidden((version, appears) =>
      pool.withSession(async (session) => {
        await seen(pool, version)
        const token = await session.token()
        const reading = another.withSession({ token }, () => readNote(another))
        expect(await soon(reading)).toBe('waits')
        await appears()
        expect(await reading).toMatchObject({ version, from: 'primary' })
      }),
    )
  })

  it('by a transaction that may run on a replica', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await whileHidden((version, appears) =>
      pool.withSession(async () => {
        await seen(pool, version)
        drain(pool)
        const reading = pool.transaction(
          async (client) =>
            (await client.query<{ version: number }>('select version from notes where id = 1')).rows[0],
          { readOnly: true },
        )
        expect(await soon(reading)).toBe('waits')
        await appears()
        expect(await reading).toEqual({ version })
      }),
    )
  })

  it('for as long as it takes: the read fails in the end, and its replica shows it still', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30, failoverTimeoutMs: 300 })
    await whileHidden((version) =>
      pool.withSession(async () => {
        await seen(pool, version)
        drain(pool)
        await expect(readNote(pool)).rejects.toMatchObject({
          code: 'SWITCHYARD_PRIMARY_BEHIND',
          retryable: true,
        })
        pool.setNodes(bench.cluster.nodes.map(({ config }) => config))
        await until('the replica may serve', async () => {
          const { plan } = await pool.explain('select 1')
          return plan.candidates[0]?.role === 'replica'
        })
        expect(await readNote(pool)).toMatchObject({ version, from: 0 })
      }),
    )
  })
})

describe('a statement that may write waits for what its session has seen', () => {
  const COPY = 'insert into others select id, version from notes where id = 1 returning version'
  const inTransaction = async (pool: Pool): Promise<QueryResult<{ version: number }>> => {
    const client = await pool.connect()
    try {
      void client.query('begin')
      const shown = await client.query<{ version: number }>('select version from notes where id = 1')
      await client.query('rollback')
      return shown
    } finally {
      client.release()
    }
  }

  it.each<[string, (pool: Pool) => Promise<QueryResult<{ version: number }>>]>([
    ['a single statement', (pool) => pool.query<{ version: number }>(COPY)],
    ['a transaction of a client', inTransaction],
    ['pool.transaction()', (pool) => pool.transaction((client) => client.query<{ version: number }>(COPY))],
  ])('%s', async (_name, write) => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await whileHidden((version, appears) =>
      pool.withSession(async () => {
        await seen(pool, version)
        const writing = write(pool)
        expect(await soon(writing)).toBe('waits')
        await appears()
        expect((await writing).rows).toEqual([{ version }])
      }),
    )
  })

  it('and fails in the end with what was to run behind it', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30, failoverTimeoutMs: 300 })
    await whileHidden((version) =>
      pool.withSession(async () => {
        await seen(pool, version)
        const client = await pool.connect()
        const behind = { code: 'SWITCHYARD_PRIMARY_BEHIND', outcome: 'not-sent' }
        const begun = client.query('begin').catch((error: unknown) => error)
        const copied = client.query(COPY).catch((error: unknown) => error)
        expect(await begun).toMatchObject(behind)
        expect(await copied).toBeInstanceOf(Error)
        client.release()
        await expect(pool.query(COPY)).rejects.toMatchObject(behind)
        const { rows } = await pool.query({
          text: `select 1 from others where version = ${version}`,
          route: 'primary',
        })
        expect(rows).toEqual([])
      }),
    )
  })
})

it('a request for the primary runs there at once, and the session still remembers what it has seen', async () => {
  const pool = await bench.open({ catchUpTimeoutMs: 30 })
  await whileHidden((version, appears) =>
    pool.withSession(async () => {
      await seen(pool, version)
      expect((await readNote(pool, { route: 'primary' })).version).not.toBe(version)
      drain(pool)
      const reading = readNote(pool)
      expect(await soon(reading)).toBe('waits')
      await appears()
      expect(await reading).toMatchObject({ version, from: 'primary' })
    }),
  )
})

describe('a session that has only read what the primary shows, too, does not wait', () => {
  it.each(['idle', 'running'] as const)('for others, whose transactions are %s', async (state) => {
    const pool = await bench.open({ failoverTimeoutMs: 60_000, catchUpTimeoutMs: 30_000 })
    const version = await bench.writeBehind()
    await bench.cluster.caughtUp()
    await whileWriting(state, () =>
      pool.withSession(async () => {
        await seen(pool, version)
        drain(pool)
        const answer = await readNote(pool)
        expect(answer).toMatchObject({ version, from: 'primary' })
        expect(answer.tookMs).toBeLessThan(20_000)
      }),
    )
  })

  it('for others, when its replica is gone and no server can be queried: not longer than catchUpTimeoutMs', async () => {
    const pool = await bench.open({ failoverTimeoutMs: 60_000, catchUpTimeoutMs: 50 })
    const version = await bench.writeBehind()
    await bench.cluster.caughtUp()
    const gone = bench.cluster.replicas
    await pool.withSession(async () => {
      await seen(pool, version)
      await whileWriting('running', async () => {
        await Promise.all(gone.map((node) => node.kill()))
        const answer = await readNote(pool)
        expect(answer).toMatchObject({ version, from: 'primary' })
        expect(answer.tookMs).toBeLessThan(30_000)
        await Promise.all(gone.map((node) => node.start()))
      })
    })
  })
})
