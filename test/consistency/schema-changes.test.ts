import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    `create table noted (id int);
     create function notes() returns trigger language plpgsql as $$
       begin insert into noted values (new.id); return null; end $$;
     create function copies() returns void language plpgsql as $$
       begin execute 'create trigger noted after insert on source for each row execute function notes()'; end $$`,
  )
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  await byOther(`
    drop table if exists source, old, new cascade;
    truncate noted;
    create table source (id int);
    create table old (id int);
    create table new (id int);
    create view shown as select id from old`)
  await cluster.caughtUp()
  pool = poolOver(cluster, { catchUpTimeoutMs: 50 })
  await replicasReady(pool)
})

afterEach(async () => {
  await cluster.replicas[0]?.resumeReplay()
  await pool.end()
})

/** Runs statements as a process that ends behind them, so that the server has counted what they changed. */
async function byOther(sql: string): Promise<void> {
  await ask(cluster.primary.config, sql)
}

const trigger = 'create trigger noted after insert on source for each row execute function notes()'

const write = 'insert into source values (1)'

const count = async (relation: string): Promise<number> => {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${relation}`)
  return rows[0]?.n ?? -1
}

/** Resolves when this text shows, or changes, the relation. */
async function touches(sql: string, relation: string): Promise<void> {
  await until(
    'the change is noticed',
    async () => {
      const { changes, shows } = (await pool.explain(sql)).statement.footprint
      return [changes, shows].some((set) => set !== 'everything' && set.includes(relation))
    },
    25_000,
  )
}

async function isOnReplica(sql: string): Promise<boolean> {
  return (await pool.explain(sql)).plan.candidates[0]?.role === 'replica'
}

describe('after another process has changed the schema', () => {
  it('writes before that was noticed count for every read', async () => {
    await cluster.replicas[0]?.pauseReplay()
    await byOther(trigger)
    await pool.query(write)
    await touches('insert into source values (1)', 'public.noted')
    expect(await count('noted')).toBe(1)
  })

  it('no replica that has the old schema serves a read that leaves out writes', async () => {
    await cluster.replicas[0]?.pauseReplay()
    await byOther('insert into new values (1); create or replace view shown as select id from new')
    await touches('select * from shown', 'public.new')
    // The replica's view would show that something is missing.
    await pool.query('insert into old values (1), (2), (3)')
    expect(await count('shown')).toBe(1)
    await cluster.replicas[0]?.resumeReplay()
    await until('the replica has the new schema', () => isOnReplica('select count(*) from shown'))
    expect(await count('shown')).toBe(1)
  })

  it('writes in progress meanwhile count for every read', async () => {
    const [locks, other] = [new Client(cluster.primary.config), new Client(cluster.primary.config)]
    await Promise.all([locks.connect(), other.connect()])
    const client = await pool.connect()
    const waiting = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`
    const bothWait = async (): Promise<boolean> =>
      (await ask(cluster.primary.config, waiting))[0]?.['n'] === 2
    try {
      await locks.query('begin; lock table noted in exclusive mode')
      await other.query(`begin; ${trigger}`)
      const [first, second] = [pool.query(write), client.query(write)]
      await until('they wait for the table', bothWait)
      await other.query('commit')
      await other.end()
      await touches(write, 'public.noted')
      await until('the replica has the new schema', () => isOnReplica('select count(*) from noted'))
      await until('they wait for the other table', bothWait)
      await cluster.replicas[0]?.pauseReplay()
      await locks.query('commit')
      expect(await first.then(() => count('noted'))).toBeGreaterThan(0)
      await second
      expect(await count('noted')).toBe(2)
    } finally {
      client.release()
      await locks.end()
    }
  })
})

describe('after this process may have changed the schema', () => {
  it.each<[what: string, change: () => Promise<unknown>]>([
    ['a query', () => pool.query(trigger)],
    ['a function', () => pool.query('select copies()')],
    [
      'a trigger',
      async () => {
        await byOther(`
          create function fires() returns trigger language plpgsql as $$ begin perform copies(); return null; end $$;
          create trigger fires after insert on new for each row execute function fires()`)
        await until(
          'it is known',
          async () =>
            (await pool.explain('insert into new values (1)')).statement.footprint.changes === 'everything',
        )
        await pool.query('insert into new values (1)')
        await byOther('drop function fires cascade')
      },
    ],
    [
      'a transaction',
      async () => {
        const client = await pool.connect()
        await client.query('begin')
        await client.query(trigger)
        await client.query('commit')
        client.release()
      },
    ],
    [
      'a listener of `connect`',
      async () => {
        pool.once('connect', (client) => void client.query(trigger))
        await Promise.all(
          Array.from({ length: 3 }, () => pool.query('select pg_sleep(0.05) /* route: primary */')),
        )
      },
    ],
  ])('by %s, footprints are everything until it was compared', async (_what, change) => {
    const texts = [write, 'insert into source values (2)', 'insert into source select id from new']
    for (const sql of texts) {
      expect((await pool.explain(sql)).statement.footprint.changes).toEqual(['public.source'])
    }
    await pool.query({ name: 'named', text: 'insert into source select $1', values: [3] })
    await change()
    // What matters is that none of them is what it was.
    const explained = await Promise.all(
      [...texts, 'insert into source values (4)', 'insert into source select $1'].map((sql) =>
        pool.explain(sql),
      ),
    )
    for (const { statement } of explained) expect(statement.footprint.changes).not.toEqual(['public.source'])
    await touches(write, 'public.noted')
  })
})
