import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import { dryRun } from '../../src/cli/dry-run/dry-run.ts'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { runCommand, urlOf } from '../support/cli.ts'
import { poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { poolOver, replicasReady, WAITING } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { SERVER_VERSION } from '../support/server-version.ts'
import { movesDuring, withClient } from '../support/transactions.ts'

const SCHEMA = `
  create extension pg_stat_statements;
  create table notes (id int primary key, version int not null default 0);
  create table others (id int primary key, n int not null default 0);
  create unlogged table scratch (n int);
  create view high as select id, version from notes where version >= 0;
  create function doubled(n int) returns int language plpgsql as 'begin return 2 * n; end';
  create function counted() returns bigint stable language sql as 'select count(*) from notes';
  create function touched() returns int language plpgsql as
    'begin update others set n = n + 1 where id = 1; return 1; end';
  insert into notes select generate_series(1, 200);
  insert into others select generate_series(1, 10)`

const OPTIONS: PoolOptions = { probeIntervalMs: 50, maxLag: { ms: 600_000 } }

let cluster: Cluster

beforeAll(async () => {
  const settings = { shared_preload_libraries: 'pg_stat_statements' }
  cluster = await startClusterWith({ replicas: 2, settings }, SCHEMA)
})
afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, OPTIONS)

/** Runs `fn` while no replica replays what is written. */
async function paused(fn: () => Promise<void>): Promise<void> {
  for (const node of cluster.replicas) await node.pauseReplay()
  try {
    await fn()
  } finally {
    for (const node of cluster.replicas) await node.resumeReplay()
    await cluster.caughtUp()
  }
}

/** Tells whether a replica or the primary answers what `fn` reads, once. */
async function placeOf(pool: Pool, fn: () => Promise<unknown>): Promise<'primary' | 'replica'> {
  const tally = new Tally(pool)
  await fn()
  return tally.queries()[0] === 0 ? 'replica' : 'primary'
}

it('the cluster is of the version that is to be tested', async () => {
  for (const { config } of cluster.nodes) {
    const [row] = await ask(config, `select current_setting('server_version_num')::int / 10000 as version`)
    expect(row).toEqual({ version: SERVER_VERSION })
  }
})

describe('a pool', () => {
  let pool: Pool
  beforeEach(async () => {
    pool = await open(WAITING)
  })

  it.each([
    ['a read', 'select * from notes where id = 1', 'replica'],
    ['a read of a view', 'select * from high limit 1', 'replica'],
    [
      'a join with the system catalogs',
      'select 1 from pg_class c join notes n on n.id = c.relpages',
      'replica',
    ],
    ['a function whose text only computes', 'select doubled(id) from notes limit 1', 'replica'],
    ['a function with a label', 'select counted()', 'replica'],
    ['a time in another zone', `select now() at time zone 'UTC' from notes limit 1`, 'replica'],
    ['a function that writes', 'select touched()', 'primary'],
    ['a row lock', 'select * from notes where id = 1 for update', 'primary'],
    ['an unlogged table', 'select * from scratch', 'primary'],
    ['a write', 'update notes set version = version where id = 1', 'primary'],
  ])('%s runs where it may', async (_what, sql, place) => {
    expect(await placeOf(pool, () => pool.query(sql))).toBe(place)
  })

  it('has every read show every write', async () => {
    for (let version = 1; version <= 30; version++) {
      await pool.query('update notes set version = $1 where id = 1', [version])
      const { rows } = await pool.query('select version from notes where id = 1')
      expect(rows).toEqual([{ version }])
    }
  })

  it('gives a session’s writes to another process by a token', async () => {
    const token = await pool.withSession(async (session) => {
      await pool.query('update notes set version = 77 where id = 3')
      return session.token()
    })
    const elsewhere = await open(WAITING)
    const { rows } = await elsewhere.withSession({ token }, () =>
      elsewhere.query('select version from notes where id = 3'),
    )
    expect(rows).toEqual([{ version: 77 }])
  })

  it('reads by cursors and streams on a replica', async () => {
    const ids = await withClient(pool, async (client) => {
      const cursor = client.query(new Cursor<{ id: number }>('select id from notes order by id'))
      const first = await cursor.read(5)
      await cursor.close()
      return first.map(({ id }) => id)
    })
    expect(ids).toEqual([1, 2, 3, 4, 5])
    const place = await placeOf(pool, () =>
      withClient(pool, async (client) => {
        let count = 0
        for await (const _row of client.query(new QueryStream('select id from notes'))) count++
        expect(count).toBe(200)
      }),
    )
    expect(place).toBe('replica')
  })

  it('runs read-only transactions on a replica, and moves them where they need the primary', async () => {
    const moves = await movesDuring(pool, async () => {
      const place = await placeOf(pool, () =>
        pool.transaction((client) => client.query('select count(*) from notes'), { readOnly: true }),
      )
      expect(place).toBe('replica')
      await withClient(pool, async (client) => {
        await client.query('begin isolation level repeatable read read only')
        await client.query('select count(*) from notes')
        await client.query('select pg_advisory_xact_lock(1)')
        await client.query('commit')
      })
    })
    expect(moves).toHaveLength(1)
  })

  it('begins optimistic transactions on a replica, and repeats their reads when they write', async () => {
    const before = await ask(cluster.primary.config, 'select n from others where id = 2')
    const moves = await movesDuring(pool, () =>
      pool.transaction(
        async (client) => {
          const { rows } = await client.query<{ n: number }>('select n from others where id = 2')
          await client.query('update others set n = $1 where id = 2', [(rows[0]?.n ?? 0) + 1])
        },
        { optimistic: true },
      ),
    )
    expect(moves).toHaveLength(1)
    const after = await ask(cluster.primary.config, 'select n from others where id = 2')
    expect(after).toEqual([{ n: Number(before[0]?.['n']) + 1 }])
  })

  it('reverts a failed transaction, and gives the error of the server', async () => {
    const failing = pool.transaction(async (client) => {
      await client.query('update notes set version = 500 where id = 2')
      await client.query('insert into notes values (2, 1)')
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect((await pool.query('select version from notes where id = 2')).rows).toEqual([{ version: 0 }])
  })

  it('carries the settings of a client to a replica', async () => {
    await withClient(pool, async (client) => {
      await client.query(`set timezone = 'Asia/Tokyo'`)
      const { rows } = await client.query(
        `select '2024-01-01 00:00+00'::timestamptz::text as at from notes limit 1`,
      )
      expect(rows).toEqual([{ at: '2024-01-01 09:00:00+09' }])
    })
  })
})

describe('while no replica replays', () => {
  let pool: Pool
  beforeEach(async () => {
    pool = await open()
  })

  it('the primary answers reads of what was written, and replicas those of another table and another key', async () => {
    await pool.query('update notes set version = version where false')
    await replicasReady(pool)
    await paused(async () => {
      await pool.query('update notes set version = 900 where id = $1', [5])
      const read = async (table: string, id: number): Promise<unknown> =>
        placeOf(pool, () => pool.query(`select * from ${table} where id = $1`, [id]))
      expect([await read('notes', 5), await read('notes', 6), await read('others', 5)]).toEqual([
        'primary',
        'replica',
        'replica',
      ])
    })
  })

  it('a write of a session does not hold back another session', async () => {
    await paused(async () => {
      const read = 'select version from notes where id = 7'
      const ofWriter = await pool.withSession(async () => {
        await pool.query('update notes set version = 901 where id = 7')
        return placeOf(pool, () => pool.query(read))
      })
      const ofOther = await placeOf(pool, () => pool.withSession(() => pool.query(read)))
      expect([ofWriter, ofOther]).toEqual(['primary', 'replica'])
    })
  })
})

it('statements that have a name at the server survive a change of their table', async () => {
  const pool = poolOver(cluster, { ...OPTIONS, ...WAITING })
  const clients: PoolClient[] = []
  pool.on('connect', (client: PoolClient) => clients.push(client))
  await replicasReady(pool)
  const read = (): Promise<unknown[]> =>
    pool.query('select * from others where id = $1', [10]).then(({ rows }) => rows)
  await until('the read has a name', async () => {
    for (let i = 0; i < 20; i++) expect(await read()).toEqual([{ id: 10, n: 0 }])
    const named = await Promise.all(
      clients.map((client) => client.query('select from pg_prepared_statements')),
    )
    return named.some(({ rowCount }) => rowCount === 1)
  })
  await ask(cluster.primary.config, 'alter table others add more text default $$x$$')
  await cluster.caughtUp()
  for (let i = 0; i < 20; i++) expect(await read()).toEqual([{ id: 10, n: 0, more: 'x' }])
  await pool.end()
})

describe('the commands', () => {
  const urls = (): string[] => [
    '--primary',
    urlOf(cluster.primary),
    ...cluster.replicas.flatMap((node) => ['--replica', urlOf(node)]),
  ]

  it('doctor has an answer to each of its questions', async () => {
    const { stdout, stderr } = await runCommand('doctor', doctor, ['--json', ...urls()])
    expect(stderr).toBe('')
    const { findings } = JSON.parse(stdout) as { findings: readonly { id: string }[] }
    expect(findings.filter(({ id }) => id === 'could-not-check')).toEqual([])
  })

  it('dry-run reads pg_stat_statements', async () => {
    await ask(cluster.primary.config, 'select * from notes where id = 1 /* counted */')
    const { code, stdout, stderr } = await runCommand('dry-run', dryRun, [
      '--server',
      urlOf(cluster.primary),
      '--json',
    ])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({ replica: expect.any(Number) as number })
  })
})

describe('a failover', () => {
  const untilWritten = (pool: Pool): Promise<void> =>
    until('the pool has a new primary', () =>
      pool.query('update notes set version = version + 1 where id = 9').then(
        () => true,
        () => false,
      ),
    )

  it('by promotion: writes and reads go on, and show what was written', async () => {
    const pool = await open(WAITING)
    await pool.query('update notes set version = 1000 where id = 9')
    await cluster.promote(0)
    await untilWritten(pool)
    const { rows } = await pool.query<{ version: number }>('select version from notes where id = 9')
    expect(rows[0]?.version).toBeGreaterThan(1000)
  })

  it('by the death of the primary', async () => {
    const pool = poolOver(cluster, { ...OPTIONS, ...WAITING })
    await replicasReady(pool)
    const [{ version }] = (await pool.query('select version from notes where id = 9')).rows as [
      { version: number },
    ]
    await cluster.primary.kill()
    await cluster.promote(0)
    await untilWritten(pool)
    const { rows } = await pool.query<{ version: number }>('select version from notes where id = 9')
    expect(rows[0]?.version).toBeGreaterThan(version)
    await pool.end()
  })
})
