import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { CausalBench, readNote } from '../support/causal-bench.ts'
import { ask, until } from '../support/servers.ts'

const bench = CausalBench.forTests()

/** Without room on the primary, reads wait for the replicas. */
const WAITS = { primarySpill: { share: 0 } }

const isReplica = expect.toBeOneOf([0, 1]) as number

describe('reads show writes', () => {
  it('from the replica that has it, though the other one has not', async () => {
    const pool = await bench.open({ ...WAITS, catchUpTimeoutMs: 5000 })
    await bench.paused([0], async () => {
      for (let i = 0; i < 10; i++) {
        const version = await bench.write(pool)
        expect(await readNote(pool)).toMatchObject({ version, from: 1 })
      }
    })
  })

  it('from the primary, at once, while no replica has it', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 5000 })
    await bench.paused([0, 1], async () => {
      const version = await bench.write(pool)
      const answer = await readNote(pool)
      expect(answer).toMatchObject({ version, from: 'primary' })
      expect(answer.tookMs).toBeLessThan(1000)
      // The proof that a replica would have said otherwise.
      const other = await readNote(pool, { route: 'replica' })
      expect(other).toMatchObject({ from: isReplica })
      expect(other.version).toBeLessThan(version)
    })
  })

  it('from a replica that gets there in time', async () => {
    const pool = await bench.open({ ...WAITS, catchUpTimeoutMs: 10_000 })
    await bench.replica(0).pauseReplay()
    await bench.paused([1], async () => {
      const version = await bench.write(pool)
      const reading = readNote(pool)
      await bench.replica(0).resumeReplay()
      expect(await reading).toMatchObject({ version, from: 0 })
    })
  })

  it('and time alone does not change that: no replica that is behind a known position is read from', async () => {
    const pool = await bench.open({
      windowMs: 200,
      probeIntervalMs: 50,
      catchUpTimeoutMs: 20,
      maxLag: { ms: 60_000 },
    })
    await bench.paused([0, 1], async () => {
      const version = await bench.write(pool)
      const writtenAtMs = performance.now()
      while (performance.now() - writtenAtMs < 1200) {
        expect(await readNote(pool)).toMatchObject({ version, from: 'primary' })
      }
      const { plan } = await pool.explain('select version from notes')
      expect(plan.rejected.map(({ reason }) => reason)).toEqual(['behind-session', 'behind-session'])
    })
  })

  it('by a client that is checked out, which waits for the replicas after its transaction', async () => {
    const pool = await bench.open({ ...WAITS, catchUpTimeoutMs: 10_000 })
    const client = await pool.connect()
    await client.query('begin')
    await client.query('update notes set version = version + 1')
    await client.query('commit')
    const before = pool.stats().nodes[0]?.queries
    const { rows } = await client.query('select version from notes')
    client.release()
    expect(pool.stats().nodes[0]?.queries).toBe(before)
    expect(rows).toEqual(await ask(bench.cluster.primary.config, 'select version from notes'))
    await ask(bench.cluster.primary.config, 'update notes set version = 0')
  })

  it('with what deferred triggers did at the commit', async () => {
    await ask(bench.cluster.primary.config, 'create table audit (id int generated always as identity)')
    await ask(
      bench.cluster.primary.config,
      `create function note_it() returns trigger language plpgsql
       as $$ begin perform pg_sleep(0.05); insert into audit default values; return null; end $$`,
    )
    await ask(
      bench.cluster.primary.config,
      `create constraint trigger noted after update on notes deferrable initially deferred
       for each row execute function note_it()`,
    )
    const pool = await bench.open({ ...WAITS, catchUpTimeoutMs: 5000 })
    try {
      for (let i = 1; i <= 5; i++) {
        await bench.write(pool)
        expect((await pool.query('select count(*)::int from audit')).rows).toEqual([{ count: i }])
      }
      expect(pool.stats().offload).toBe(1)
    } finally {
      await ask(bench.cluster.primary.config, 'drop trigger noted on notes')
    }
  })
})

describe('a position', () => {
  it('is one that replicas can have: a writer that idles in its transaction delays no read', async () => {
    const pool = await bench.open({ ...WAITS, catchUpTimeoutMs: 10_000 })
    const idler = new Client(bench.cluster.primary.config)
    await idler.connect()
    try {
      for (let i = 0; i < 5; i++) {
        await idler.query('begin')
        const version = await bench.write(pool)
        await idler.query(`insert into notes select g, 0 from generate_series(100, 200) g`)
        const answer = await readNote(pool)
        expect(answer).toMatchObject({ version, from: isReplica })
        expect(answer.tookMs).toBeLessThan(1500)
        await idler.query('rollback')
      }
    } finally {
      await idler.end()
    }
  })

  it('is not put off by what plain reads leave in the log where pages have checksums', async () => {
    const primary = bench.cluster.primary.config
    expect(await ask(primary, 'show data_checksums')).toEqual([{ data_checksums: 'on' }])
    await ask(
      primary,
      'create table wide as select g as id, repeat($1, 100) as text from generate_series(1, 2000) g',
      ['x'],
    )
    const pool = await bench.open({ ...WAITS, catchUpTimeoutMs: 10_000 })
    await ask(primary, 'checkpoint')
    const version = await bench.write(pool)
    const [left] = await ask(
      primary,
      `select count(*)::int, (pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn())::int as unflushed from wide`,
    )
    expect(left).toMatchObject({ count: 2000 })
    const answer = await readNote(pool)
    expect(answer).toMatchObject({ version, from: isReplica })
    expect(answer.tookMs).toBeLessThan(1500)
  })
})

describe('nothing older than the start of the pool', () => {
  it.each(['outside of sessions', 'in a session'])('is read, %s', async (where) => {
    await bench.paused([0, 1], async () => {
      const version = await bench.writeBehind()
      const pool = bench.openUnprepared({ catchUpTimeoutMs: 50 })
      const read = (): Promise<unknown> => readNote(pool)
      const answer = where === 'in a session' ? pool.withSession(read) : read()
      expect(await answer).toMatchObject({ version, from: 'primary' })
      expect(await answer).not.toMatchObject({ version: version - 1 })
      // A session that began before the cluster was looked at, and one that begins now.
      expect(await pool.withSession(read)).toMatchObject({ version, from: 'primary' })
    })
  })
})

describe('the end', () => {
  it('comes although floors are in flight, and leaves no connection', async () => {
    const pool = await bench.open()
    const busy = 'select count(*)::int from pg_stat_activity where application_name like $1'
    const writes = Array.from({ length: 20 }, () => bench.write(pool))
    await Promise.all(writes)
    await pool.end()
    for (const node of [bench.cluster.primary, ...bench.cluster.replicas]) {
      await until('the server has no connection of the pool', async () => {
        return (await ask(node.config, busy, ['pg-switchyard%']))[0]?.['count'] === 0
      })
    }
  })
})
