import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// Outside of sessions a read waits only for writes that it shows. Both replicas have stopped replaying, so a replica that
// answers shows what was there before.

const OPTIONS: PoolOptions = { probeIntervalMs: 100, maxLag: { ms: 600_000 } }
const SCHEMA = `
  create table accounts (id int primary key, owner int, n int not null default 0);
  create table tags (id text primary key, n int not null default 0);
  create table visits (id int primary key, n int not null default 0);
  create table log (n int);
  create schema other;
  create table other.accounts (id int primary key, n int not null default 0);
  create view rich as select id, n from accounts where n > 0;
  create function logs() returns trigger language plpgsql as 'begin insert into log values (new.n); return new; end';
  create trigger logs after update on tags for each row execute function logs();
  insert into accounts select g, g from generate_series(1, 20) g;
  insert into tags select 'tag' || g from generate_series(1, 20) g;
  insert into visits select g from generate_series(1, 20) g;
  insert into other.accounts select g from generate_series(1, 20) g`

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, SCHEMA)
})

afterAll(async () => {
  await cluster?.stop()
})

const open = poolsForTests(() => cluster, OPTIONS)

let pool: Pool
beforeEach(async () => {
  pool = await open()
  // After a write a read also needs a replica that shows the schema which was loaded.
  await pool.query('update visits set n = n where false')
  await replicasReady(pool)
  for (const node of cluster.replicas) await node.pauseReplay()
})

afterEach(async () => {
  for (const node of cluster.replicas) await node.resumeReplay()
  await cluster.caughtUp()
})

type Answer = readonly [node: 'primary' | 'replica', value: unknown]

/** Node that answered, and the first value. */
async function read(of: Pool, text: string, values: readonly unknown[] = []): Promise<Answer> {
  const tally = new Tally(of)
  const { rows } = await of.query<Record<string, unknown>>(text, [...values])
  const [onPrimary] = tally.reads()
  return [onPrimary === 1 ? 'primary' : 'replica', Object.values(rows[0] ?? {})[0]]
}

async function n(text: string): Promise<unknown> {
  return Object.values((await ask(cluster.primary.config, text))[0] ?? {})[0]
}

describe('after a write of a key', () => {
  it.each<readonly [what: string, text: string, values: readonly unknown[], node: Answer[0]]>([
    ['of that key, as it was written', 'select n from accounts where id = $1', [7], 'primary'],
    ['of that key, as a text', 'select n from accounts where id = $1', [' 07 '], 'primary'],
    ['of that key, as a constant', 'select n from accounts where id = 7', [], 'primary'],
    ['of another key', 'select n from accounts where id = $1', [8], 'replica'],
    ['of another key, as a constant', 'select n from accounts where id = 8', [], 'replica'],
    ['by another column', 'select n from accounts where owner = 8', [], 'primary'],
    ['of the whole table', 'select sum(n)::int from accounts', [], 'primary'],
    ['of a view', 'select n from rich where id = $1', [8], 'primary'],
    ['of a key that is cast', 'select n from accounts where id = $1::int', [8], 'primary'],
    [
      'of the table beside another one',
      'select a.n from visits v, accounts a where v.id = 8 limit 1',
      [],
      'primary',
    ],
    ['of another table', 'select n from visits where id = $1', [7], 'replica'],
    [
      'of a table of that name in another schema',
      'select n from other.accounts where id = $1',
      [7],
      'primary',
    ],
    ['of another key there', 'select n from other.accounts where id = $1', [8], 'replica'],
    ['of nothing', 'select 1', [], 'replica'],
    ['of the catalog', "select count(*)::int from pg_class where relname = 'log'", [], 'primary'],
  ])('a read %s', async (_what, text, values, node) => {
    await pool.query('update accounts set n = n + 1 where id = $1', [7])
    expect((await read(pool, text, values))[0]).toBe(node)
  })

  it('in a schema that it names, a read of another schema passes', async () => {
    await pool.query('update public.accounts set n = n + 1 where owner = 7')
    expect((await read(pool, 'select n from other.accounts where id = 7'))[0]).toBe('replica')
    expect((await read(pool, 'select n from accounts where id = 8'))[0]).toBe('primary')
  })

  it('shows what was written', async () => {
    await pool.query('update accounts set n = 71 where id = $1', [7])
    expect(await read(pool, 'select n from accounts where id = 7')).toEqual(['primary', 71])
    expect(await read(pool, 'select n from rich where n = 71')).toEqual(['primary', 71])
  })

  it('counts for the whole table when the caller names the types of the values', async () => {
    // Compared as float8, 7.0 is the key 7, and so may other values be.
    const types = [701] as unknown as pg.CustomTypesConfig
    await pool.query({ text: 'update accounts set n = n + 1 where id = $1', values: [7], types })
    expect((await read(pool, 'select n from accounts where id = $1', [8]))[0]).toBe('primary')
  })

  it('counts with the values that were sent, also when the caller changes them', async () => {
    const values = [9]
    const written = pool.query('update accounts set n = 91 where id = $1', values)
    values[0] = 10
    await written
    const changed = await n('select id from accounts where n = 91')
    expect(await read(pool, 'select n from accounts where id = $1', [changed])).toEqual(['primary', 91])
  })
})

describe('other relations that a write touches', () => {
  it('is held to: what a trigger wrote', async () => {
    await pool.query("update tags set n = 33 where id = 'tag3'")
    expect(await read(pool, 'select max(n) from log')).toEqual(['primary', 33])
    expect((await read(pool, 'select n from accounts where id = 3'))[0]).toBe('replica')
  })
})

describe('a transaction', () => {
  const runs = async (...texts: readonly string[]): Promise<void> => {
    const client = await pool.connect()
    try {
      for (const text of texts) await client.query(text)
    } finally {
      client.release()
    }
  }

  it('counts for all that it changed', async () => {
    await runs(
      'begin',
      'update accounts set n = 5 where id = 5',
      'update visits set n = 5 where id = 5',
      'commit',
    )
    expect(await read(pool, 'select n from accounts where id = 5')).toEqual(['primary', 5])
    expect(await read(pool, 'select n from visits where id = 5')).toEqual(['primary', 5])
    expect((await read(pool, 'select n from accounts where id = 6'))[0]).toBe('replica')
  })

  it('that is rolled back counts for nothing', async () => {
    await runs('begin', 'update accounts set n = 5 where id = 11', 'rollback')
    expect((await read(pool, 'select n from accounts where id = 6'))[0]).toBe('replica')
  })

  it('counts for what it has shown', async () => {
    await ask(cluster.primary.config, 'update visits set n = 12 where id = 12')
    await runs('begin', 'select n from visits where id = 12', 'rollback')
    expect(await read(pool, 'select n from visits where id = 12')).toEqual(['primary', 12])
  })
})

describe('outside of this pool’s own writes', () => {
  it('writes of another pool of the process count, by their relation', async () => {
    const writer = poolOver(cluster, OPTIONS)
    await writer.query('select 1')
    await replicasReady(writer)
    await writer.query('update accounts set n = 66 where id = 6')
    await writer.end()
    expect(await read(pool, 'select n from accounts where id = 6')).toEqual(['primary', 66])
    expect((await read(pool, 'select n from visits where id = 6'))[0]).toBe('replica')
  })

  it('writes of a session count for the pool, and the session reads nothing older at all', async () => {
    await pool.withSession(async () => {
      await pool.query('update accounts set n = 44 where id = 4')
      expect((await read(pool, 'select n from visits where id = 4'))[0]).toBe('primary')
    })
    expect(await read(pool, 'select n from accounts where id = 4')).toEqual(['primary', 44])
    expect((await read(pool, 'select n from visits where id = 4'))[0]).toBe('replica')
  })

  it.each(['select pg_advisory_lock_shared(7)', 'select n from accounts where id = 2 for update'])(
    '%s makes every read show what was committed before',
    async (lock) => {
      await ask(cluster.primary.config, 'update visits set n = n + 1 where id = 17')
      await pool.query(lock)
      const now = await n('select n from visits where id = 17')
      expect(await read(pool, 'select n from visits where id = 17')).toEqual(['primary', now])
    },
  )
})

describe('a floor that all replicas have passed', () => {
  it('is forgotten, and holds for a replica that comes later', async () => {
    for (const node of cluster.replicas) await node.resumeReplay()
    const [early, late] = cluster.replicas
    if (early === undefined || late === undefined) throw new Error('Two replicas are needed')
    const other = poolOver(cluster, { ...OPTIONS, replicas: [early.config] })
    await other.query('select 1')
    await replicasReady(other)
    await late.pauseReplay()
    await other.query('update visits set n = 18 where id = 18')
    await until('the replica is known to show it', async () => {
      const { plan } = await other.explain('select n from visits where id = 18')
      return plan.candidates[0]?.role === 'replica'
    })
    other.setNodes([cluster.primary.config, early.config, late.config].map((config) => ({ ...config })))
    await until('the late replica was seen', () =>
      other.stats().nodes.every(({ state }) => state !== 'pending'),
    )
    const { plan } = await other.explain('select n from visits where id = 18')
    expect(plan.rejected.map(({ reason }) => reason)).toEqual(['behind-session'])
    for (let i = 0; i < 20; i++) {
      expect(await read(other, 'select n from visits where id = 18')).toEqual(['replica', 18])
    }
    await other.end()
  })
})

// Last: the pools of other tests would have to load the schema again meanwhile.
describe('after a change of the schema', () => {
  it('everything counts', async () => {
    await pool.query('create table if not exists made (id int)')
    expect((await read(pool, 'select n from visits where id = 1'))[0]).toBe('primary')
  })
})
