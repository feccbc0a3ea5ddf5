import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { scansOf, tableActivity } from '../support/table-activity.ts'
import { Bouncer, missingForBouncer, type PoolMode } from './bouncer.ts'

// A pool whose every server is behind a PgBouncer of its own, and which knows nothing of it.

const missing = await missingForBouncer()
const MODES: readonly PoolMode[] = ['transaction', 'session']

describe.skipIf(missing !== undefined).each(MODES)(
  `behind PgBouncer, %s pooling${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  (mode) => {
    // A session keeps its connection, and so does the monitor's.
    const size = mode === 'session' ? 40 : 5
    let cluster: Cluster
    let bouncers: readonly [primary: Bouncer, first: Bouncer, second: Bouncer]
    let pool: Pool
    let tables = 0

    beforeAll(async () => {
      cluster = await startCluster({ replicas: 2 })
      const [primary, first, second] = cluster.nodes
      if (primary === undefined || first === undefined || second === undefined) throw new Error('no cluster')
      const start = ({ config }: ClusterNode): Promise<Bouncer> =>
        Bouncer.start(config, mode, {
          default_pool_size: size,
          ignore_startup_parameters: 'extra_float_digits,statement_timeout',
        })
      bouncers = [await start(primary), await start(first), await start(second)]
    })
    afterEach(async () => {
      if (!pool.ended) await pool.end()
    })
    afterAll(async () => {
      for (const bouncer of bouncers ?? []) await bouncer.stop()
      await cluster?.stop()
    })

    const open = (options: PoolOptions = {}): Pool => {
      const [primary, ...replicas] = bouncers
      pool = new Pool({
        ...primary.config,
        replicas: replicas.map(({ config }) => config),
        catchUpTimeoutMs: 10_000,
        logger: false,
        ...options,
      })
      return pool
    }

    /** A table that no other test uses, known to every server, with one row. */
    const newTable = async (): Promise<string> => {
      const name = `t${(tables += 1)}`
      await ask(cluster.primary.config, `create table ${name} as select 0 as a`)
      await cluster.caughtUp()
      return name
    }

    /** Runs `fn`, then ends the pool's connections and those behind them, so that the servers tell what they did. */
    const counted = async (
      table: string,
      fn: () => Promise<unknown>,
    ): Promise<{ onPrimary: number; onReplicas: number }> => {
      await fn()
      await pool.end()
      // Backends tell at the latest when they end.
      for (const bouncer of bouncers) await bouncer.console('RECONNECT')
      await until('the connections behind have ended', async () => {
        const servers = await Promise.all(bouncers.map((bouncer) => bouncer.console('SHOW SERVERS')))
        return servers.flat().length === 0
      })
      return {
        onPrimary: (await tableActivity(cluster.primary, table)).scans,
        onReplicas: await scansOf(cluster.replicas, table, 0),
      }
    }

    test('reads are spread over the replicas, counted on the servers', async () => {
      const table = await newTable()
      open()
      await replicasReady(pool)
      const { onPrimary, onReplicas } = await counted(table, async () => {
        for (let i = 0; i < 20; i++) await pool.query(`select a from ${table} where a >= $1`, [0])
        await Promise.all(Array.from({ length: 20 }, () => pool.query(`select a from ${table}`)))
      })
      expect([onPrimary, onReplicas]).toEqual([0, 40])
      const each = await Promise.all(cluster.replicas.map((node) => tableActivity(node, table)))
      for (const { scans } of each) expect(scans).toBeGreaterThan(0)
    })

    test('the same reads again and again, from many callers', async () => {
      const table = await newTable()
      open()
      await replicasReady(pool)
      const { onPrimary } = await counted(table, async () => {
        const caller = async (): Promise<void> => {
          for (let i = 0; i < 25; i++) {
            const { rows } = await pool.query(`select a + $1 as sum from ${table} where a = $2`, [i, 0])
            expect(rows).toEqual([{ sum: i }])
          }
        }
        await Promise.all(Array.from({ length: 16 }, caller))
      })
      expect(onPrimary).toBe(0)
    })

    test('sessions read what they wrote, from replicas', async () => {
      const table = await newTable()
      // Where the primary has room it serves what the replicas take more than 50 ms for.
      open({ primarySpill: { share: 0 } })
      await replicasReady(pool)
      const one = async (i: number): Promise<void> => {
        await pool.withSession(async () => {
          await pool.query(`insert into ${table} values ($1)`, [i])
          const { rows } = await pool.query(`select a from ${table} where a = $1`, [i])
          expect(rows).toEqual([{ a: i }])
        })
      }
      const { onPrimary, onReplicas } = await counted(table, async () => {
        for (let i = 1; i <= 20; i++) await one(i)
        await Promise.all(Array.from({ length: 20 }, (_, i) => one(100 + i)))
      })
      expect(onPrimary).toBe(0)
      // A pooler cannot prove in the same round trip that a replica is there: what it answered then is thrown away.
      expect(onReplicas).toBeGreaterThanOrEqual(40)
    })

    test('data that no replica has replayed is read from the primary', async () => {
      const table = await newTable()
      open({ catchUpTimeoutMs: 50 })
      await replicasReady(pool)
      await Promise.all(cluster.replicas.map((node) => node.pauseReplay()))
      try {
        for (let i = 1; i <= 5; i++) {
          await pool.query(`insert into ${table} values ($1)`, [i])
          expect((await pool.query(`select a from ${table} where a = $1`, [i])).rows).toEqual([{ a: i }])
        }
      } finally {
        await Promise.all(cluster.replicas.map((node) => node.resumeReplay()))
      }
      expect((await counted(table, async () => {})).onPrimary).toBe(5)
    })

    test('transactions stay on one connection, more of them than there are behind', async () => {
      const table = await newTable()
      open({ max: 12 })
      await replicasReady(pool)
      const pids = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          pool.transaction(async (client) => {
            const { rows: before } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
            await client.query(`insert into ${table} values ($1)`, [i + 1])
            const { rows } = await client.query(`select a from ${table} where a = $1`, [i + 1])
            expect(rows).toHaveLength(1)
            const { rows: after } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
            expect(after).toEqual(before)
            return before[0]?.pid
          }),
        ),
      )
      expect(new Set(pids).size).toBeLessThanOrEqual(size)
      const undone = pool.transaction(async (client) => {
        await client.query(`delete from ${table}`)
        throw new Error('no')
      })
      await expect(undone).rejects.toThrow('no')
      expect((await pool.query(`select count(*)::int as n from ${table}`)).rows).toEqual([{ n: 13 }])
    })

    test('a transaction that only reads runs on a replica', async () => {
      const table = await newTable()
      open()
      await replicasReady(pool)
      const { onPrimary, onReplicas } = await counted(table, async () => {
        await pool.query(`insert into ${table} values (7)`)
        const read = async (): Promise<unknown> =>
          pool.transaction(
            async (client) => (await client.query(`select a from ${table} where a = 7`)).rows,
            { readOnly: true },
          )
        expect(await read()).toEqual([{ a: 7 }])
      })
      expect([onPrimary, onReplicas]).toEqual([0, 1])
    })

    test('settings of a transaction stay in it', async () => {
      open()
      await replicasReady(pool)
      const client = await pool.connect()
      try {
        await client.query('begin')
        await client.query("set local application_name = 'for this transaction'")
        const { rows } = await client.query("select current_setting('application_name') as name")
        expect(rows).toEqual([{ name: 'for this transaction' }])
        await client.query('commit')
      } finally {
        client.release()
      }
      const { rows } = await pool.query({
        text: "select current_setting('application_name') as name",
        route: 'primary',
      })
      expect(rows).not.toEqual([{ name: 'for this transaction' }])
    })

    test('a startup parameter that the bouncer ignores is no obstacle, one that it does not know is told', async () => {
      open({ statement_timeout: 5000 })
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await pool.end()
      open({ lock_timeout: 5000 })
      await expect(pool.query('select 1')).rejects.toThrow(/unsupported startup parameter: lock_timeout/)
    })

    test('a replica that dies behind its bouncer is left, and taken back', async () => {
      const table = await newTable()
      open({ probeTimeoutMs: 1000 })
      await replicasReady(pool)
      const [replica] = cluster.replicas
      await replica?.stop('immediate')
      for (let i = 0; i < 20; i++) {
        expect((await pool.query(`select a from ${table}`)).rows).toEqual([{ a: 0 }])
      }
      await until('it is known to be down', () => pool.stats().nodes[1]?.state === 'down')
      await replica?.start()
      await replicasReady(pool, 2)
    })

    test('a bouncer that ends is a node that failed', async () => {
      const table = await newTable()
      const extra = await Bouncer.start(cluster.replicas[0]?.config ?? bouncers[1].config, mode)
      open({ replicas: [extra.config, bouncers[2].config] })
      await replicasReady(pool)
      await Promise.all(Array.from({ length: 5 }, () => pool.query(`select a from ${table}`)))
      const reads = Array.from({ length: 20 }, () => pool.query(`select a from ${table}`))
      await extra.stop()
      await Promise.all(reads)
      for (let i = 0; i < 10; i++) await pool.query(`select a from ${table}`)
      await until('it is known to be down', () => pool.stats().nodes[1]?.state === 'down')
    })

    test('one address that is pointed from the old primary to the new one', async () => {
      const table = await newTable()
      open()
      await replicasReady(pool)
      await pool.query(`insert into ${table} values (1)`)
      const [promoted, other] = cluster.replicas
      if (promoted === undefined || other === undefined) throw new Error('no replicas')
      const former = cluster.primary
      await cluster.promote(promoted)
      await bouncers[0].pointTo(promoted.config)
      await bouncers[1].pointTo(former.config)
      await until('the pool writes to the new primary', () =>
        pool.query(`insert into ${table} values (2)`).then(
          () => true,
          () => false,
        ),
      )
      const session = pool.session()
      for (let i = 3; i < 13; i++) {
        await session.run(async () => {
          await pool.query(`insert into ${table} values ($1)`, [i])
          expect((await pool.query(`select a from ${table} where a = $1`, [i])).rows).toEqual([{ a: i }])
        })
      }
      await replicasReady(pool, 2)
      expect(pool.stats().nodes.map(({ role }) => role)).toEqual(['primary', 'replica', 'replica'])
    })
  },
)
