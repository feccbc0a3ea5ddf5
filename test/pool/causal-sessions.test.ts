import { setTimeout as later } from 'node:timers/promises'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { CausalBench, readNote, type Answer } from '../support/causal-bench.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'

const bench = CausalBench.forTests()

const isReplica = expect.toBeOneOf([0, 1]) as number

describe('a session', () => {
  it('keeps what it wrote to itself and those around it: others go on reading from replicas that lag', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 600 })
    await bench.paused([0, 1], async () => {
      const other = pool.session()
      const version = await pool.withSession(async () => {
        const written = await bench.write(pool)
        expect(await readNote(pool)).toMatchObject({ version: written, from: 'primary' })
        return written
      })
      const answer = await other.run(() => readNote(pool))
      expect(answer).toMatchObject({ from: isReplica })
      expect(answer.tookMs).toBeLessThan(500)
      expect(await pool.withSession(() => readNote(pool))).toMatchObject({ from: isReplica })
      // What the process wrote, the process reads, in whichever session it was.
      expect(await readNote(pool)).toMatchObject({ version, from: 'primary' })
    })
  })

  it.each(['by itself', 'in a transaction', 'on a client'])(
    'finds the row of another session that was in the way of its own, %s',
    async (how) => {
      const pool = await bench.open({ catchUpTimeoutMs: 30 })
      const { config } = bench.cluster.primary
      const id = 1000 + how.length
      const insert = `insert into notes values (${id}, 2)`
      const find = `select version from notes where id = ${id}`
      await bench.paused([0, 1], async () => {
        await ask(config, `insert into notes values (${id}, 1)`)
        await pool.withSession(async (session) => {
          expect((await pool.query(find)).rows).toEqual([])
          const inserted =
            how === 'by itself'
              ? pool.query(insert)
              : how === 'on a client'
                ? pool.connect().then(async (client) => {
                    await client.query(insert).finally(() => client.release())
                  })
                : pool.transaction(async (client) => void (await client.query(insert)))
          await expect(inserted).rejects.toMatchObject({ code: '23505' })
          expect((await pool.query(find)).rows).toEqual([{ version: 1 }])
          expect(session.wrote).toBe(false)
        })
        // Others have not heard of it.
        expect((await pool.withSession(() => pool.query(find))).rows).toEqual([])
      })
      await ask(config, `delete from notes where id = ${id}`)
    },
  )

  it('nested: the inner one sees what the outer one wrote, the outer one what the inner one wrote', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.paused([0, 1], () =>
      pool.withSession(async () => {
        const outer = await bench.write(pool)
        await pool.withSession(async () => {
          expect(await readNote(pool)).toMatchObject({ version: outer, from: 'primary' })
        })
        const inner = await pool.withSession(() => bench.write(pool))
        expect(await readNote(pool)).toMatchObject({ version: inner, from: 'primary' })
      }),
    )
  })

  it('in parallel with others: only who wrote goes to the primary', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.paused([0, 1], async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_unused, index) =>
          pool.withSession(async () => {
            if (index % 4 === 0) await bench.write(pool)
            const { rows } = await pool.query<{ version: number }>('select version from notes where id = 1')
            const { plan } = await pool.explain('select 1')
            return [index % 4 === 0, plan.candidates[0]?.role, rows.length] as const
          }),
        ),
      )
      for (const [wrote, role] of answers) expect(role).toBe(wrote ? 'primary' : 'replica')
    })
  })

  it.each<[string, (pool: Pool, read: () => Promise<Answer>) => Promise<Answer>]>([
    ['a timer', (_pool, read) => later(5).then(read)],
    [
      'a callback of the pool',
      (pool, read) =>
        new Promise((resolve) => {
          pool.query('select 1', () => resolve(read()))
        }),
    ],
    [
      'a callback of a client',
      async (pool, read) => {
        const client = await pool.connect()
        return new Promise((resolve) => {
          client.query('select 1', () => {
            client.release()
            resolve(read())
          })
        })
      },
    ],
    [
      'a stream',
      (_pool, read) =>
        new Promise((resolve) =>
          Readable.from(['a'])
            .on('data', () => {})
            .on('end', () => resolve(read())),
        ),
    ],
  ])('goes along with its code through %s', async (_name, through) => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.paused([0, 1], async () => {
      const other = pool.session()
      await pool.withSession(async () => {
        const version = await bench.write(pool)
        expect(await through(pool, () => readNote(pool))).toMatchObject({ version, from: 'primary' })
      })
      expect(await other.run(() => through(pool, () => readNote(pool)))).toMatchObject({ from: isReplica })
    })
  })

  it('that outlives its function keeps its promise', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.paused([0, 1], async () => {
      let leaked: Promise<Answer> | undefined
      const version = await pool.withSession(async () => {
        const written = await bench.write(pool)
        leaked = later(20).then(() => readNote(pool))
        return written
      })
      expect(await leaked).toMatchObject({ version, from: 'primary' })
    })
  })
})

describe('reads of a session never go back', () => {
  it('from a replica to one that is behind it', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 2000 })
    await bench.paused([0], async () => {
      const version = await bench.writeBehind()
      for (let i = 0; i < 5; i++) {
        await pool.withSession(async () => {
          // Whichever replica it asks, in the end it has seen the newer state.
          while ((await readNote(pool, { route: 'replica' })).version !== version);
          for (let reads = 0; reads < 5; reads++) {
            expect(await readNote(pool)).toMatchObject({ version, from: 1 })
          }
        })
      }
    })
  })

  it('though several run at once, and the last answer is the oldest', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 2000 })
    await bench.paused([0], async () => {
      const version = await bench.writeBehind()
      await pool.withSession(async () => {
        const slowly = 'select version, pg_sleep(0.02 * g) from notes, generate_series(1, 3) g where id = 1'
        for (let i = 0; i < 10; i++) {
          const rows = await Promise.all(
            ['select version from notes', slowly, 'select version from notes where id = 1', slowly].map(
              (text) => pool.query<{ version: number }>(text),
            ),
          )
          const newest = Math.max(...rows.map((result) => result.rows[0]?.version ?? 0))
          expect((await readNote(pool)).version).toBeGreaterThanOrEqual(newest)
        }
        expect((await readNote(pool)).version).toBeLessThanOrEqual(version)
      })
    })
  })

  it('from the primary to a replica that is behind it', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.paused([0, 1], async () => {
      const version = await bench.writeBehind()
      await pool.withSession(async () => {
        expect(await readNote(pool)).toMatchObject({ from: isReplica })
        expect(await readNote(pool, { route: 'primary' })).toMatchObject({ version, from: 'primary' })
        expect(await readNote(pool)).toMatchObject({ version, from: 'primary' })
      })
    })
  })

  it('when the replica that was read from has died', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.replica(0).pauseReplay()
    const version = await bench.writeBehind()
    const stopped = bench.replica(1)
    try {
      await pool.withSession(async () => {
        let answer = await readNote(pool)
        while (answer.version !== version) answer = await readNote(pool, { route: 'replica' })
        expect(answer.from).toBe(1)
        await stopped.stop('immediate')
        for (let i = 0; i < 5; i++) expect(await readNote(pool)).toMatchObject({ version, from: 'primary' })
      })
    } finally {
      await stopped.start()
      await bench.replica(0).resumeReplay()
      await bench.cluster.caughtUp()
      await replicasReady(pool)
    }
  })
})

describe('consistency of a read', () => {
  it.each<[string, object, object, object, 'primary' | 'replica']>([
    ['strong, of the pool', { consistency: 'strong' }, {}, {}, 'primary'],
    ['strong, of the session', {}, { consistency: 'strong' }, {}, 'primary'],
    ['strong, of the query', { consistency: 'eventual' }, {}, { consistency: 'strong' }, 'primary'],
    ['causal, of the query', { consistency: 'eventual' }, {}, { consistency: 'causal' }, 'primary'],
    ['causal, of the session', { consistency: 'eventual' }, { consistency: 'causal' }, {}, 'primary'],
    ['eventual, of the pool', { consistency: 'eventual' }, {}, {}, 'replica'],
    ['eventual, of the session', {}, { consistency: 'eventual' }, {}, 'replica'],
    ['eventual, of the query', {}, {}, { consistency: 'eventual' }, 'replica'],
    ['bounded, and within the bound', { consistency: 'bounded', maxStalenessMs: 60_000 }, {}, {}, 'replica'],
    [
      'bounded, of the query, and within',
      {},
      {},
      { consistency: 'bounded', maxStalenessMs: 60_000 },
      'replica',
    ],
    ['bounded, of the query, and beyond', {}, {}, { consistency: 'bounded', maxStalenessMs: 1 }, 'primary'],
    ['window', { consistency: 'window', windowMs: 60_000, probeIntervalMs: 200 }, {}, {}, 'primary'],
  ])('%s', async (_name, ofPool, ofSession, ofQuery, role) => {
    const pool = await bench.open({ catchUpTimeoutMs: 30, ...ofPool })
    await bench.paused([0, 1], () =>
      pool.withSession(ofSession, async () => {
        const version = await bench.write(pool)
        const answer = await readNote(pool, ofQuery)
        expect(answer.from).toEqual(role === 'primary' ? 'primary' : isReplica)
        expect(answer.version === version).toBe(role === 'primary')
      }),
    )
  })
})

describe('explain', () => {
  it('shows the route, what a replica has to show, and who does not', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 30 })
    await bench.paused([0, 1], async () => {
      await bench.write(pool)
      const { route, plan } = await pool.explain('select version from notes')
      expect(route).toEqual({
        role: 'replica',
        reason: 'read',
        freshness: { position: { timeline: 1, lsn: expect.stringMatching(/^0\/[0-9A-F]+$/) as string } },
      })
      expect(JSON.parse(JSON.stringify(route))).toEqual(route)
      expect(plan.rejected.map(({ reason }) => reason)).toEqual(['behind-session', 'behind-session'])
      expect(plan.candidates).toMatchObject([{ role: 'primary', reason: 'fallback' }])
    })
  })
})
